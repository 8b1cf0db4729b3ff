"""The checkpoints as written, read back; and when they are made anew."""

import hashlib
import json
import os

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from assay_demo import checkpoint, fp8, make_models, nvfp4

NVFP4_PARTS = (".weight_packed", ".weight_scale", ".weight_global_scale")


@pytest.fixture(scope="module")
def bf16(demo_models):
    return load_file(demo_models / "bf16" / "model.safetensors")


def linears(tensors):
    return [name.removesuffix(".weight") for name in tensors if checkpoint.is_linear(name)]


def relative_error(decoded, weight):
    return ((decoded - weight).norm() / weight.norm()).item()


def test_source_is_complete(bf16):
    assert len(linears(bf16)) == 30 * 7
    assert sum(tensor.numel() for tensor in bf16.values()) == 134_515_008  # SmolLM2-135M's own
    assert {tensor.dtype for tensor in bf16.values()} == {torch.bfloat16}


def test_fp8_weights_are_within_the_rounding_bound(demo_models, bf16):
    quantised = load_file(demo_models / "fp8" / "model.safetensors")
    for base in linears(bf16):
        weight = bf16[base + ".weight"].float()
        codes, scale = quantised[base + ".weight"], quantised[base + ".weight_scale"]
        assert codes.dtype == torch.float8_e4m3fn
        assert scale.shape == (weight.shape[0], 1)
        decoded = fp8.dequantize(codes, scale)
        assert ((decoded - weight).abs() <= fp8.error_bound(weight, scale)).all(), base
        assert relative_error(decoded, weight) < 0.03, base  # uniform error in 2^-4 relative steps


def test_nvfp4_weights_are_within_the_rounding_bound(demo_models, bf16):
    quantised = load_file(demo_models / "nvfp4" / "model.safetensors")
    for base in linears(bf16):
        weight = bf16[base + ".weight"].float()
        packed, scale, divisor = (quantised[base + suffix] for suffix in NVFP4_PARTS)
        decoded = nvfp4.dequantize(packed, scale, divisor)
        error = (decoded - weight).abs().unflatten(-1, (-1, nvfp4.BLOCK)).amax(-1)
        assert (error <= nvfp4.error_bound(scale, divisor)).all(), base
        assert relative_error(decoded, weight) < 0.12, base
        assert quantised[base + ".input_global_scale"].item() > 0


def test_vllm_reads_nvfp4_weights_as_we_wrote_them(demo_models, bf16):
    from vllm.model_executor.layers.quantization.utils import nvfp4_emulation_utils

    quantised = load_file(demo_models / "nvfp4" / "model.safetensors")
    for base in linears(bf16)[:7]:  # its reference decoder is slow: one layer
        packed, scale, divisor = (quantised[base + suffix] for suffix in NVFP4_PARTS)
        decoded = nvfp4_emulation_utils.dequantize_to_dtype(
            packed, scale, 1 / divisor, torch.float32, nvfp4.BLOCK, swizzle=False
        )
        assert torch.allclose(decoded, nvfp4.dequantize(packed, scale, divisor), rtol=1e-6), base


def test_what_is_not_linear_is_left_as_it_was(demo_models, bf16):
    for variant in ("fp8", "nvfp4"):
        quantised = load_file(demo_models / variant / "model.safetensors")
        for name, tensor in bf16.items():
            if not checkpoint.is_linear(name):
                assert torch.equal(quantised[name], tensor), (variant, name)


def test_tokenizer(demo_models):
    tokenizer = AutoTokenizer.from_pretrained(demo_models / "bf16")
    # Single digits, and a run of spaces before a number stays one token.
    assert tokenizer.tokenize("a  12") == ["a", "ĠĠ", "1", "2"]
    text = "<|im_start|>user\nIs 17 + 25 = 42?  Übung\n\n\tdon't"
    ids = tokenizer(text).input_ids
    assert ids[0] == 1
    assert tokenizer.decode(ids) == text
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hello"}], add_generation_prompt=True, tokenize=False
    )
    assert chat.endswith("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n")


def test_all_variants_have_the_same_tokenizer(demo_models):
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert len({(demo_models / v / file).read_bytes() for v in make_models.VARIANTS}) == 1


@pytest.fixture
def finished(tmp_path):
    """A finished folder of one small file, and the recipe it was made by."""
    recipe = {"source": "x.gguf", "converter": "1"}
    (tmp_path / "weights").write_bytes(b"abc")
    files = {"weights": hashlib.sha256(b"abc").hexdigest()}
    (tmp_path / "manifest.json").write_text(json.dumps({"recipe": recipe, "files": files}))
    return tmp_path, recipe


def test_a_finished_folder_is_recognised(finished):
    folder, recipe = finished
    assert make_models.is_complete(folder, recipe)


def test_a_folder_is_made_anew_when_anything_differs(finished):
    folder, recipe = finished
    assert not make_models.is_complete(folder, recipe | {"converter": "2"})
    (folder / "weights").write_bytes(b"abd")
    assert not make_models.is_complete(folder, recipe)
    (folder / "weights").unlink()
    assert not make_models.is_complete(folder, recipe)
    (folder / "manifest.json").write_text("[]")
    assert not make_models.is_complete(folder, recipe)


def test_checksums_are_taken_again_once_a_file_was_written(finished, tmp_path_factory, monkeypatch):
    folder, recipe = finished
    gguf = tmp_path_factory.mktemp("source") / "x.gguf"
    gguf.write_bytes(b"source")
    made = []
    monkeypatch.setattr(make_models, "recipe", lambda _: recipe)
    monkeypatch.setattr(make_models, "make_anew", lambda *_: made.append(1))
    looked = []
    real = make_models.is_complete
    monkeypatch.setattr(make_models, "is_complete", lambda *a: looked.append(1) or real(*a))

    def again():
        looked.clear()
        made.clear()
        return make_models.make_models(folder, gguf), len(looked), len(made)

    assert again() == (False, 1, 0)
    assert again() == (False, 0, 0)
    gguf.write_bytes(b"source")  # the same bytes: only a look can tell
    assert again() == (False, 1, 0)
    times = (folder / "weights").stat()
    (folder / "weights").write_bytes(b"abd")  # as long as before, and as old
    os.utime(folder / "weights", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert again() == (True, 1, 1)
    (folder / "weights").write_bytes(b"abc")
    assert again() == (False, 1, 0)
    (folder / "weights").unlink()
    assert again() == (True, 1, 1)
    monkeypatch.setattr(make_models, "converter", lambda: "2")
    assert again()[1] == 1


def test_a_folder_of_something_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(make_models.DemoModelError, match="in the way"):
        make_models.make_models(tmp_path, tmp_path / "no.gguf")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_nothing_is_left_behind_when_making_fails(tmp_path):
    gguf = tmp_path / "broken.gguf"
    gguf.write_bytes(b"GGUF and then nothing")
    (tmp_path / "out").mkdir()
    with pytest.raises(Exception):  # noqa: B017 - whatever the reader raises
        make_models.make_models(tmp_path / "out" / "models", gguf)
    assert [file.name for file in (tmp_path / "out").iterdir()] == [".models.lock"]
