"""The bits a checkpoint was quantised for, as its own files say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay_worker.checkpoint import checkpoint_bits


def compressed(*groups: tuple[int, int | None]) -> dict[str, Any]:
    """As llm-compressor writes it; (weights, activations) a group."""
    return {
        "quant_method": "compressed-tensors",
        "config_groups": {
            f"group_{i}": {
                "targets": ["Linear"],
                "weights": {"num_bits": weights, "type": "float"},
                "input_activations": None if inputs is None else {"num_bits": inputs},
            }
            for i, (weights, inputs) in enumerate(groups)
        },
    }


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, (16, 16)),
        (compressed((4, 4)), (4, 4)),  # NVFP4
        (compressed((4, None)), (4, 16)),  # NVFP4A16, W4A16
        (compressed((8, 8)), (8, 8)),  # FP8-dynamic
        (compressed((8, 8), (4, 4)), (4, 4)),  # attention in FP8, the rest in NVFP4
        (compressed(), (None, None)),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, (4, 4)),
        ({"quant_method": "modelopt_fp4", "quant_algo": "W4A16_NVFP4"}, (4, 16)),
        ({"quant_method": "modelopt", "quant_algo": "SOMETHING_NEW"}, (None, None)),
        ({"quant_method": "fp8", "activation_scheme": "dynamic"}, (8, 8)),
        ({"quant_method": "gptq", "bits": 4}, (4, 16)),
        ({"quant_method": "awq", "bits": 4}, (4, 16)),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, (4, 16)),
        ({"quant_method": "mxfp4"}, (4, 16)),
        ({"quant_method": "of-tomorrow", "bits": 4}, (None, None)),
    ],
)
def test_the_configuration_tells(
    tmp_path: Path, config: dict[str, Any] | None, expected: tuple[int | None, int | None]
) -> None:
    whole = {"model_type": "llama"} | ({"quantization_config": config} if config else {})
    (tmp_path / "config.json").write_text(json.dumps(whole))
    found = checkpoint_bits(tmp_path)
    assert (found["weight_bits"], found["activation_bits"]) == expected


def test_modelopt_has_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "hf_quant_config.json").write_text(
        '{"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8"}}'
    )
    assert checkpoint_bits(tmp_path) == {"weight_bits": 8, "activation_bits": 8}


def test_a_load_that_quantises_as_it_goes_is_asked_for_by_the_argument(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    assert checkpoint_bits(tmp_path, "fp8") == {"weight_bits": 8, "activation_bits": 8}
    assert checkpoint_bits(tmp_path, "torchao") == {"weight_bits": None, "activation_bits": None}


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    assert checkpoint_bits(tmp_path / "nowhere")["weight_bits"] is None
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "model-Q4_K_M.gguf").write_text("")
    assert checkpoint_bits(tmp_path) == {"weight_bits": None, "activation_bits": None}
