"""What a checkpoint needs of a machine, by its configuration and the sizes of its files.

Nothing is loaded. What its files do not tell is unknown (None). This module needs the standard
library alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assay_worker.checkpoint import bits_of, quantisation_in, quantisation_of, read_object

KV_NUMBER_BYTES = 2  # of the cache as vLLM keeps it unless told otherwise
# quant_algo of ModelOpt -> the name of the format in kernel_choice.LISTS.
MODELOPT = {
    "FP8": "fp8",
    "FP8_PER_CHANNEL_PER_TOKEN": "fp8",
    "FP8_PB_WO": "fp8_block",
    "MXFP8": "mxfp8",
    "NVFP4": "nvfp4",
    "NVFP4_AWQ": "nvfp4",
}


def needs(
    config: dict[str, Any],
    own: dict[str, Any] | None,
    sizes: dict[str, int],
    asked: dict[str, str],
) -> dict[str, Any]:
    """`own`: how the weights are quantised. `sizes`: bytes by file name. `asked`: the plan's own
    `dtype` and `quantization`, where it says."""
    weights, activations = bits_of(config, own, asked.get("quantization", ""))
    return {
        "weights_bytes": weights_bytes(config, own, sizes, asked.get("dtype", "")),
        "weight_bits": weights,
        "activation_bits": activations,
        "format": "" if own is None else format_of(own),
        "kv_bytes_per_token": kv_bytes_per_token(config),
    }


def needs_of_folder(folder: Path, asked: dict[str, str]) -> dict[str, Any]:
    config = read_object(folder / "config.json")
    sizes = {p.name: p.stat().st_size for p in folder.glob("*") if p.is_file()}
    return needs(config, quantisation_of(folder, config), sizes, asked)


def weights_bytes(
    config: dict[str, Any], own: dict[str, Any] | None, sizes: dict[str, int], dtype: str
) -> int | None:
    """As they lie in memory, all ranks together; about as many as the files have. None: no file."""
    for ending in (".safetensors", ".bin", ".gguf"):
        found = sum(size for name, size in sizes.items() if name.endswith(ending))
        if found:
            kept = str(config.get("dtype") or config.get("torch_dtype") or "")
            # vLLM runs 32-bit weights in 16 bits unless told otherwise.
            halved = own is None and kept == "float32" and dtype not in ("float32", "float")
            return found // 2 if halved else found
    return None


def kv_bytes_per_token(config: dict[str, Any]) -> int | None:
    """Keys and values of all layers, at 16 bits. Of attention over the whole context with
    grouped heads alone: where a model keeps something else, nothing is said."""
    text = config.get("text_config")
    config = text if isinstance(text, dict) else config
    windowed = config.get("sliding_window") and config.get("use_sliding_window", True)
    kinds = set(config.get("layer_types") or ["full_attention"])
    if config.get("kv_lora_rank") or windowed or kinds != {"full_attention"}:
        return None
    layers, heads = config.get("num_hidden_layers"), config.get("num_attention_heads")
    kv_heads = config.get("num_key_value_heads", heads)
    hidden = config.get("hidden_size")
    if not all(isinstance(n, int) and n > 0 for n in (layers, heads, kv_heads, hidden)):
        return None
    head_dim = config.get("head_dim") or hidden // heads
    return int(2 * layers * kv_heads * head_dim * KV_NUMBER_BYTES)


def format_of(own: dict[str, Any]) -> str:
    """Its name in kernel_choice.LISTS; "int_weights": integers beside 16-bit activations; empty:
    not known."""
    method = str(own.get("quant_method", "")).lower()
    if method == "compressed-tensors":
        return compressed_format(own)
    inner = own.get("quantization")
    algo = str((inner if isinstance(inner, dict) else own).get("quant_algo", "")).upper()
    if algo in MODELOPT:
        return MODELOPT[algo]
    if method == "fp8":
        return "fp8_block" if own.get("weight_block_size") else "fp8"
    return "int_weights" if method in ("gptq", "awq", "gptq_marlin", "awq_marlin") else ""


def compressed_format(own: dict[str, Any]) -> str:
    """Of the group with the narrowest weights."""
    groups = [
        group
        for group in (own.get("config_groups") or {}).values()
        if isinstance(group, dict) and isinstance(group.get("weights"), dict)
    ]
    if not groups:
        return ""
    group = min(groups, key=lambda g: g["weights"].get("num_bits") or 99)
    weights, inputs = group["weights"], group.get("input_activations")
    bits, size = weights.get("num_bits"), weights.get("group_size")
    if weights.get("type") == "int":
        return "int8" if bits == 8 and isinstance(inputs, dict) else "int_weights"
    if not isinstance(inputs, dict):
        return ""
    if bits == 4:
        return {16: "nvfp4", 32: "mxfp4"}.get(size or 0, "")
    if bits != 8:
        return ""
    if weights.get("strategy") == "block":
        return "fp8_block"
    return "mxfp8" if size == 32 else "fp8"


def needs_of_hub(
    config: dict[str, Any], sizes: dict[str, int], asked: dict[str, str]
) -> dict[str, Any]:
    return needs(config, quantisation_in(config), sizes, asked)
