"""NVFP4 W4A4 weights: E2M1 codes, an E4M3 scale a block of 16 inputs, one float32 scale a tensor.

The layout is compressed-tensors' `nvfp4-pack-quantized`:
  weight_packed        uint8 (rows, columns / 2); the even column in the low four bits
  weight_scale         float8_e4m3fn (rows, columns / 16)
  weight_global_scale  float32 (1): a divisor, 448 * 6 / largest magnitude of the tensor
  input_global_scale   float32 (1): the same for the activations, from calibration
  weight ~ code * weight_scale / weight_global_scale
vLLM fuses q, k, v and gate, up into one matrix with one global scale, so each of these groups
shares the larger peak.
"""

from __future__ import annotations

import torch

from assay_demo.fp8 import E4M3_MAX

BLOCK = 16
E2M1_LEVELS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
E2M1_MAX = E2M1_LEVELS[-1]
_GLOBAL_RANGE = E4M3_MAX * E2M1_MAX


def global_scale(peak: float) -> float:
    """Scale that lets the block holding `peak` use E4M3's and E2M1's full range."""
    return _GLOBAL_RANGE / peak if peak > 0 else 1.0


def encode_e2m1(values: torch.Tensor) -> torch.Tensor:
    """Nearest E2M1 code (sign bit 8, level 0 to 7); a tie goes to the even code."""
    magnitude = values.abs()
    code = torch.zeros_like(values, dtype=torch.uint8)
    for level in range(1, len(E2M1_LEVELS)):
        middle = (E2M1_LEVELS[level - 1] + E2M1_LEVELS[level]) / 2
        reached = magnitude >= middle if level % 2 == 0 else magnitude > middle
        code += reached.to(torch.uint8)
    return code | (torch.signbit(values).to(torch.uint8) << 3)


def decode_e2m1(codes: torch.Tensor) -> torch.Tensor:
    levels = torch.tensor([*E2M1_LEVELS, *(-level for level in E2M1_LEVELS)])
    return levels[codes.long()]


def pack(codes: torch.Tensor) -> torch.Tensor:
    return codes[:, 0::2] | (codes[:, 1::2] << 4)


def unpack(packed: torch.Tensor) -> torch.Tensor:
    return torch.stack((packed & 0xF, packed >> 4), dim=-1).flatten(start_dim=-2)


def quantize(
    weight: torch.Tensor, weight_peak: float, input_peak: float
) -> dict[str, torch.Tensor]:
    """(rows, columns) -> the checkpoint's tensors by the suffix that replaces `.weight`."""
    rows, columns = weight.shape
    divisor = global_scale(weight_peak)
    blocks = weight.float().view(rows, columns // BLOCK, BLOCK)
    wanted = blocks.abs().amax(dim=-1) / E2M1_MAX * divisor
    scale = wanted.clamp(max=E4M3_MAX).to(torch.float8_e4m3fn)
    # A block whose scale rounds to zero decodes to zeros whatever its codes are.
    step = (scale.float() / divisor).unsqueeze(-1)
    ratio = torch.where(step > 0, blocks / step, torch.zeros_like(blocks))
    return {
        ".weight_packed": pack(encode_e2m1(ratio).view(rows, columns)).contiguous(),
        ".weight_scale": scale,
        ".weight_global_scale": torch.tensor([divisor]),
        ".input_global_scale": torch.tensor([global_scale(input_peak)]),
    }


def dequantize_blocks(packed: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Code * block scale, in BF16, without the global scale.

    At most 2 + 4 significant bits between 2^-10 and 2688: BF16 holds each value exactly.
    """
    # Each byte is looked up once, as the pair of BF16 values that it stands for.
    pairs = decode_e2m1(unpack(torch.arange(256, dtype=torch.uint8).view(256, 1)))
    table = pairs.to(torch.bfloat16).contiguous().view(torch.int32).flatten()
    values = table[packed.int()].view(torch.bfloat16)
    blocks = values.view(*scale.shape, BLOCK) * scale.to(torch.bfloat16).unsqueeze(-1)
    return blocks.view(values.shape)


def dequantize(packed: torch.Tensor, scale: torch.Tensor, divisor: torch.Tensor) -> torch.Tensor:
    return dequantize_blocks(packed, scale).float() / divisor


def error_bound(scale: torch.Tensor, divisor: torch.Tensor) -> torch.Tensor:
    """Largest |dequantised - weight| that the format allows, for each block: shape of `scale`.

    Inside the range of the codes: half of E2M1's widest gap (4 to 6), so one block step. Beyond
    it, as the block's scale was rounded down, the code stays at 6: six times the rounding of the
    scale, at most step / 16 or, where E4M3 is subnormal, 2^-10 / divisor.
    """
    step = scale.float() / divisor
    saturation = E2M1_MAX * torch.maximum(step * 2.0**-4, 2.0**-10 / divisor)
    return torch.maximum(step, saturation) * (1 + 1e-6)


def quantization_config() -> dict[str, object]:
    """The quantization_config of config.json, as compressed-tensors names things."""
    four_bit = {
        "num_bits": 4,
        "type": "float",
        "symmetric": True,
        "strategy": "tensor_group",
        "group_size": BLOCK,
    }
    return {
        "quant_method": "compressed-tensors",
        "format": "nvfp4-pack-quantized",
        "quantization_status": "compressed",
        "ignore": ["lm_head"],
        "config_groups": {
            "group_0": {
                "targets": ["Linear"],
                "weights": {**four_bit, "dynamic": False},
                "input_activations": {**four_bit, "dynamic": "local"},
                "output_activations": None,
            }
        },
    }
