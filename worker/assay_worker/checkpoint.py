"""The bits of weights and activations that a checkpoint was quantised for, by its own files.

What its configuration does not tell is unknown (None). This module needs the standard library
alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Pair = tuple[int | None, int | None]  # weights, activations

UNKNOWN: Pair = (None, None)
# quant_algo of ModelOpt (NVIDIA), in config.json or hf_quant_config.json.
MODELOPT: dict[str, Pair] = {
    "FP8": (8, 8),
    "FP8_PER_CHANNEL_PER_TOKEN": (8, 8),
    "FP8_PB_WO": (8, 8),  # blocks of weights; the activations are quantised as they come
    "MXFP8": (8, 8),
    "NVFP4": (4, 4),
    "NVFP4_AWQ": (4, 4),
    "W4A16_NVFP4": (4, 16),
    "W4A16_AWQ": (4, 16),
    "W4A8_AWQ": (4, 8),
}
# Methods of one format each. vLLM's own names stand for a load that quantises as it goes, too.
METHODS: dict[str, Pair] = {
    "fp8": (8, 8),
    "fbgemm_fp8": (8, 8),
    "ptpc_fp8": (8, 8),
    "mxfp8": (8, 8),
    "mxfp4": (4, 16),  # gpt-oss: its card has activations in BF16
}
WEIGHT_ONLY = ("gptq", "gptq_marlin", "awq", "awq_marlin", "hqq")


def number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def narrowest(pairs: list[Pair]) -> Pair:
    """Of the formats in one checkpoint, the one of its narrowest weights."""
    known = [pair for pair in pairs if pair[0] is not None]
    return min(known, key=lambda p: (p[0], 99 if p[1] is None else p[1])) if known else UNKNOWN


def compressed_tensors(config: dict[str, Any]) -> Pair:
    pairs: list[Pair] = []
    for group in (config.get("config_groups") or {}).values():
        if not isinstance(group, dict) or not isinstance(group.get("weights"), dict):
            continue
        inputs = group.get("input_activations")
        activations = number(inputs.get("num_bits")) if isinstance(inputs, dict) else 16
        pairs.append((number(group["weights"].get("num_bits")), activations))
    return narrowest(pairs)


def modelopt(config: dict[str, Any]) -> Pair:
    """Its own layout has everything under `quantization`; config.json holds it flat."""
    inner = config.get("quantization")
    config = inner if isinstance(inner, dict) else config
    layers = config.get("quantized_layers")
    if isinstance(layers, dict) and layers:
        algos = {str(v.get("quant_algo")) for v in layers.values() if isinstance(v, dict)}
    else:
        algos = {str(config.get("quant_algo"))}
    return narrowest([MODELOPT.get(algo.upper(), UNKNOWN) for algo in algos])


def bitsandbytes(config: dict[str, Any]) -> Pair:
    if config.get("load_in_4bit") or config.get("_load_in_4bit"):
        return (4, 16)
    return (8, 8) if config.get("load_in_8bit") or config.get("_load_in_8bit") else UNKNOWN


def quantised_for(config: dict[str, Any]) -> Pair:
    method = str(config.get("quant_method", "")).lower()
    if method == "compressed-tensors":
        return compressed_tensors(config)
    if method.startswith("modelopt") or "quant_algo" in config or "quantization" in config:
        return modelopt(config)
    if method == "bitsandbytes":
        return bitsandbytes(config)
    if method in WEIGHT_ONLY:
        bits = config.get("bits", config.get("w_bit", config.get("nbits")))
        return (number(bits), 16)
    if method in ("auto-round", "inc"):
        return (number(config.get("bits")), number(config.get("act_bits")) or 16)
    return METHODS.get(method, UNKNOWN)


def read_object(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def quantisation_of(folder: Path, config: dict[str, Any]) -> dict[str, Any] | None:
    """The part of config.json that says how weights are kept, or ModelOpt's file of its own."""
    own = quantisation_in(config)
    return read_object(folder / "hf_quant_config.json") or None if own is None else own


def quantisation_in(config: dict[str, Any]) -> dict[str, Any] | None:
    text = config.get("text_config")
    own = config.get("quantization_config") or config.get("compression_config")
    if own is None and isinstance(text, dict):
        own = text.get("quantization_config")
    return own if isinstance(own, dict) else None


def checkpoint_bits(folder: Path, asked: str = "") -> dict[str, int | None]:
    """`checkpoint` of the `loaded` frame. `asked`: the engine's own name of how it quantises, for
    a checkpoint that is not quantised itself."""
    config = read_object(folder / "config.json")
    known = bool(config) and not any(folder.glob("*.gguf"))
    pair = bits_of(config, quantisation_of(folder, config), asked, known=known)
    return {"weight_bits": pair[0], "activation_bits": pair[1]}


def bits_of(
    config: dict[str, Any], own: dict[str, Any] | None, asked: str = "", *, known: bool = True
) -> Pair:
    if own is not None:
        return quantised_for(own)
    if not config or not known:
        return UNKNOWN
    return METHODS.get(asked, UNKNOWN) if asked else (16, 16)
