"""Turns the source model into the tensors of each variant and writes checkpoint folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from assay_demo import fp8, nvfp4

Tensors = dict[str, torch.Tensor]

# Layers that vLLM runs as one matrix: members share their NVFP4 global scale.
_FUSED = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


def is_linear(name: str) -> bool:
    """The quantised part: attention and MLP projections. Embeddings and norms stay BF16."""
    return name.endswith("_proj.weight")


def fused_group(name: str) -> str:
    """One name for all tensors that share a global scale."""
    module, _, projection = name.removesuffix(".weight").rpartition(".")
    for members in _FUSED:
        if projection in members:
            return f"{module}.{'+'.join(members)}"
    return f"{module}.{projection}"


def _replace_linears(tensors: Tensors, quantize) -> Tensors:
    out: Tensors = {}
    for name, weight in tensors.items():
        if is_linear(name):
            base = name.removesuffix(".weight")
            out.update({base + suffix: t for suffix, t in quantize(base, weight).items()})
        else:
            out[name] = weight
    return out


def fp8_tensors(tensors: Tensors) -> Tensors:
    return _replace_linears(tensors, lambda _, weight: fp8.quantize(weight))


def nvfp4_tensors(tensors: Tensors, input_peaks: dict[str, float]) -> Tensors:
    """`input_peaks`: module name -> largest activation magnitude seen in calibration."""
    group_weight_peak: dict[str, float] = {}
    group_input_peak: dict[str, float] = {}
    for name in filter(is_linear, tensors):
        group = fused_group(name)
        weight_peak = tensors[name].abs().max().item()
        input_peak = input_peaks[name.removesuffix(".weight")]
        group_weight_peak[group] = max(group_weight_peak.get(group, 0.0), weight_peak)
        group_input_peak[group] = max(group_input_peak.get(group, 0.0), input_peak)

    def quantize(base: str, weight: torch.Tensor) -> Tensors:
        group = fused_group(base)
        return nvfp4.quantize(weight, group_weight_peak[group], group_input_peak[group])

    return _replace_linears(tensors, quantize)


def write_checkpoint(
    folder: Path, tensors: Tensors, config: dict[str, Any], tokenizer, note: str
) -> None:
    folder.mkdir(parents=True)
    weights = folder / "model.safetensors"
    save_file(tensors, weights, metadata={"format": "pt"})
    weights.chmod(0o644)  # safetensors makes it readable by its owner alone
    generation = {key: config[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id")}
    for name, content in (("config.json", config), ("generation_config.json", generation)):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(note)
