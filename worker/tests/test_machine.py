"""What a machine and a checkpoint are, as `python -m assay_worker.machine` tells it."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assay_worker import machine, pci
from assay_worker.checkpoint_needs import format_of, kv_bytes_per_token, needs, needs_of_folder

# Of Qwen3-32B's config.json.
QWEN3_32B = {
    "dtype": "bfloat16",
    "hidden_size": 5120,
    "num_hidden_layers": 64,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "sliding_window": None,
}


def ask(*words: str, **env: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "assay_worker.machine", *words],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
        cwd=Path(__file__).parents[1],
        env={**os.environ, **env},
    )
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_hardware_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(QWEN3_32B))
    (tmp_path / "model.safetensors").write_bytes(b"x" * 1000)
    found = ask("hardware", "--no-gpus", f"--model={tmp_path}")
    assert found["gpus"] is None
    assert found["pci"] is None
    assert 0 < found["memory"]["available_bytes"] <= found["memory"]["total_bytes"]
    assert found["models"][str(tmp_path)] == {
        "weights_bytes": 1000,
        "weight_bits": 16,
        "activation_bits": 16,
        "format": "",
        "kv_bytes_per_token": 262144,  # 2 * 64 layers * 8 heads * 128 * 2 bytes
    }


def test_gpus_are_asked_for_and_may_be_absent() -> None:
    assert ask("hardware")["gpus"]["nvml"] in ("ok", "absent", "broken")


@pytest.mark.engine
def test_software_of_this_machine() -> None:
    found = ask("software", "--format=fp8_block", "--format=of_tomorrow")
    assert found["why"] == ""
    assert found["torch"]
    assert found["platform"] in ("cpu", "cuda")
    names = [row["name"] for row in found["kernels"]["fp8_block"]]
    if found["platform"] == "cpu":  # vLLM 0.32.0's list
        assert names == ["CPUFp8W8A8BlockScaledMMKernel", "CPUFp8BlockScaledMMKernel"]
        assert found["torch_cuda"] is None
    assert found["kernels"]["of_tomorrow"] is None


def test_a_broken_installation_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    found = machine.software(machine.parsed(["software"]))
    assert found["torch"] is None
    assert "torch" in found["why"]


# --- checkpoints ---


def test_weights_of_32_bits_are_halved_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**QWEN3_32B, "dtype": "float32"}))
    (tmp_path / "a.safetensors").write_bytes(b"x" * 600)
    (tmp_path / "b.safetensors").write_bytes(b"x" * 400)
    (tmp_path / "pytorch_model.bin").write_bytes(b"x" * 5000)  # vLLM reads one kind alone
    assert needs_of_folder(tmp_path, {})["weights_bytes"] == 500
    assert needs_of_folder(tmp_path, {"dtype": "float32"})["weights_bytes"] == 1000


def test_no_weights_are_not_weights_of_no_size(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(QWEN3_32B))
    assert needs_of_folder(tmp_path, {})["weights_bytes"] is None


def test_a_quantised_checkpoint_is_as_large_as_its_files() -> None:
    own = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    config = {**QWEN3_32B, "dtype": "float32", "quantization_config": own}
    found = needs(config, own, {"model.safetensors": 1000}, {})
    assert found["weights_bytes"] == 1000
    assert (found["weight_bits"], found["activation_bits"]) == (8, 8)
    assert found["format"] == "fp8_block"


def test_quantised_as_it_is_loaded() -> None:
    found = needs(QWEN3_32B, None, {"model.safetensors": 1000}, {"quantization": "fp8"})
    assert (found["weight_bits"], found["format"]) == (8, "")


@pytest.mark.parametrize(
    ("changed", "bytes_per_token"),
    [
        ({}, 262144),
        ({"head_dim": None}, 163840),  # 5120 / 64 = 80
        ({"num_key_value_heads": 64}, 2097152),
        ({"sliding_window": 4096}, None),
        ({"sliding_window": 4096, "use_sliding_window": False}, 262144),
        ({"layer_types": ["full_attention", "linear_attention"]}, None),
        ({"layer_types": ["full_attention"]}, 262144),
        ({"kv_lora_rank": 512}, None),
        ({"hidden_size": None}, None),
    ],
)
def test_cache_of_a_token(changed: dict[str, Any], bytes_per_token: int | None) -> None:
    assert kv_bytes_per_token({**QWEN3_32B, **changed}) == bytes_per_token
    assert kv_bytes_per_token({"text_config": {**QWEN3_32B, **changed}}) == bytes_per_token


def compressed(weights: dict[str, Any], inputs: dict[str, Any] | None = None) -> dict[str, Any]:
    group = {"weights": weights, "input_activations": inputs}
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": group}}


FP4 = {"num_bits": 4, "type": "float", "group_size": 16}
FP8 = {"num_bits": 8, "type": "float"}
INT = {"num_bits": 8, "type": "int"}


@pytest.mark.parametrize(
    ("own", "form"),
    [
        (compressed(FP4, {"num_bits": 4}), "nvfp4"),
        (compressed({**FP4, "group_size": 32}, {"num_bits": 4}), "mxfp4"),
        (compressed(FP4), ""),  # weights alone: vLLM has another list for these
        (compressed({**FP8, "strategy": "block"}, {"num_bits": 8}), "fp8_block"),
        (compressed({**FP8, "strategy": "channel"}, {"num_bits": 8}), "fp8"),
        (compressed({**FP8, "group_size": 32}, {"num_bits": 8}), "mxfp8"),
        (compressed(INT, {"num_bits": 8}), "int8"),
        (compressed({**INT, "num_bits": 4}), "int_weights"),
        (compressed({}), ""),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
        ({"quantization": {"quant_algo": "FP8"}}, "fp8"),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8_block"),
        ({"quant_method": "fp8"}, "fp8"),
        ({"quant_method": "awq", "bits": 4}, "int_weights"),
        ({"quant_method": "of_tomorrow"}, ""),
    ],
)
def test_formats(own: dict[str, Any], form: str) -> None:
    assert format_of(own) == form


# --- the bus ---


def config_space(control: int | None) -> bytes:
    """4 KiB with one other extended capability before ACS (whose control is at +6)."""
    space = bytearray(4096)
    following = 0 if control is None else 0x148
    struct.pack_into("<I", space, 0x100, 0x0001 | 1 << 16 | following << 20)
    if control is not None:
        struct.pack_into("<IHH", space, 0x148, 0x000D | 1 << 16, 0, control)
    return bytes(space)


@pytest.mark.parametrize(
    ("space", "redirects"),
    [
        (config_space(0x1D), True),  # as a kernel with its IOMMU on sets it
        (config_space(0x00), False),
        (config_space(0x11), False),  # source validation and upstream forwarding alone
        (config_space(None), False),
        (bytes(64), None),  # what others than root may read
    ],
)
def test_access_control_of_a_bridge(space: bytes, redirects: bool | None) -> None:
    assert pci.redirects(space) is redirects


def test_bridges_above_the_gpus_and_the_iommu(tmp_path: Path) -> None:
    bus = tmp_path / "devices/pci0000:00/0000:00:01.0"
    gpu = bus / "0000:1b:00.0"
    gpu.mkdir(parents=True)
    links = tmp_path / "bus/pci/devices"
    links.mkdir(parents=True)
    for device in (bus, gpu):
        (links / device.name).symlink_to(device)
    (bus / "config").write_bytes(config_space(0x1D))
    group = tmp_path / "kernel/iommu_groups/3"
    group.mkdir(parents=True)
    (group / "type").write_text("DMA-FQ\n")
    found = pci.pci_facts(["0000:1b:00.0"], tmp_path)
    assert found["acs_bridges"] == ["0000:00:01.0"]
    assert found["iommu_types"] == ["DMA-FQ"]
    assert found["acs_unread"] is False
    (bus / "config").write_bytes(bytes(64))
    found = pci.pci_facts(["0000:1b:00.0"], tmp_path)
    assert (found["acs_bridges"], found["acs_unread"]) == ([], True)
