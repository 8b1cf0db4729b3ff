"""FP8 (E4M3) W8A8 weights: one scale an output channel, activations scaled a token at run time.

The layout is compressed-tensors' `float-quantized`: `weight` in float8_e4m3fn (rows, columns) and
`weight_scale` in float32 (rows, 1), with weight ~ `weight` * `weight_scale`.
"""

from __future__ import annotations

import torch

E4M3_MAX = 448.0
# Round to nearest: half a unit in the last of 3 stored mantissa bits, relative to the value's
# power of two; below the smallest normal 2^-6 the grid is 2^-9 wide, so half of that at most.
E4M3_RELATIVE_ERROR = 2.0**-4
E4M3_SUBNORMAL_ERROR = 2.0**-10


def quantize(weight: torch.Tensor) -> dict[str, torch.Tensor]:
    """(rows, columns) -> the checkpoint's tensors by the suffix that replaces `.weight`."""
    values = weight.float()
    peak = values.abs().amax(dim=1, keepdim=True)
    # An all-zero row would divide by zero; any scale decodes its zeros.
    scale = torch.where(peak > 0, peak / E4M3_MAX, torch.ones_like(peak))
    # Division may leave the peak an ulp above 448, which float8_e4m3fn turns into NaN past 464
    # only; the clamp states the intent.
    codes = (values / scale).clamp(-E4M3_MAX, E4M3_MAX).to(torch.float8_e4m3fn)
    return {".weight": codes, ".weight_scale": scale}


def dequantize(codes: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return codes.float() * scale


def error_bound(weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Largest |dequantised - weight| that rounding to E4M3 allows, for each weight.

    A millionth on top is for the float32 division and product around the rounding.
    """
    rounding = torch.maximum(
        weight.float().abs() * E4M3_RELATIVE_ERROR, scale * E4M3_SUBNORMAL_ERROR
    )
    return rounding + weight.float().abs() * 1e-6


def quantization_config() -> dict[str, object]:
    """The quantization_config of config.json, as compressed-tensors names things."""
    eight_bit = {"num_bits": 8, "type": "float", "symmetric": True}
    return {
        "quant_method": "compressed-tensors",
        "format": "float-quantized",
        "quantization_status": "compressed",
        "ignore": ["lm_head"],
        "config_groups": {
            "group_0": {
                "targets": ["Linear"],
                "weights": {**eight_bit, "strategy": "channel", "dynamic": False},
                "input_activations": {**eight_bit, "strategy": "token", "dynamic": True},
                "output_activations": None,
            }
        },
    }
