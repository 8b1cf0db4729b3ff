"""vLLM linear kernels that emulate FP8 (W8A8) and NVFP4 (W4A4) on a CPU.

vLLM's own CPU fallbacks decode every weight again at each step, about a second a step whatever
the batch. Here the weights are decoded once at load and the activations are rounded at each
call, so a step costs what it costs in BF16 plus the rounding.

What makes the result that of the low-precision format:
- Codes stay apart from float32 scales. An E4M3 value, or an E2M1 code times its E4M3 block scale,
  has at most 6 significant bits, so BF16 operands hold it exactly and their products are exact in
  the float32 in which the matrix product accumulates. No weight is rounded a second time.
- Float32 scales (a token and a channel in FP8, a tensor in NVFP4) multiply the finished sum.
The one liberty: the sum passes through BF16 before the scales, and again after them, where a GPU
rounds once: at most half a BF16 unit more (2^-8 of the value), and in power about 1/500 of the
noise that rounding weights and activations to 2^-4 adds. A float32 product would avoid it at
twice the cost.
The matrix product is the one vLLM picks for the BF16 baseline on the same machine.
"""

from __future__ import annotations

import torch
from vllm.config import CompilationMode, get_current_vllm_config
from vllm.model_executor.kernels.linear.nvfp4.base import NvFp4LinearKernel
from vllm.model_executor.kernels.linear.scaled_mm.ScaledMMLinearKernel import (
    FP8ScaledMMLinearKernel,
)
from vllm.model_executor.layers.quantization.utils.quant_utils import (
    kFp8DynamicTokenSym,
    kFp8StaticChannelSym,
)
from vllm.model_executor.layers.utils import dispatch_cpu_unquantized_gemm
from vllm.platforms import current_platform

from assay_demo import nvfp4, rounding


def _supported() -> tuple[bool, str | None]:
    if not current_platform.is_cpu():
        return False, "emulation is for the CPU platform"
    if get_current_vllm_config().compilation_config.mode != CompilationMode.NONE:
        return False, "emulation calls compiled Python; set enforce_eager=True"
    return True, None


def _bits(tensor: torch.Tensor):
    """BF16 tensor as the uint16 array that `rounding` works on; shares memory."""
    return tensor.view(torch.uint16).numpy()


def _keep_decoded(layer: torch.nn.Module, weight: torch.Tensor) -> None:
    """Replaces the packed weight by BF16 (rows, columns) and prepares its matrix product."""
    layer.weight = torch.nn.Parameter(weight.to(torch.bfloat16).contiguous(), requires_grad=False)
    dispatch_cpu_unquantized_gemm(layer, remove_weight=True)


def _rows(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(-1, x.shape[-1]).contiguous()


class EmulatedFp8ScaledMMLinearKernel(FP8ScaledMMLinearKernel):
    """W8A8: per-channel weights, activations rounded to E4M3 with a scale a token."""

    @classmethod
    def is_supported(cls, compute_capability: int | None = None) -> tuple[bool, str | None]:
        return _supported()

    @classmethod
    def can_implement(cls, c) -> tuple[bool, str | None]:
        if c.activation_quant_key != kFp8DynamicTokenSym:
            return False, "requires dynamic activation scales a token"
        if c.weight_quant_key != kFp8StaticChannelSym:
            return False, "requires weight scales a channel"
        if c.input_dtype != torch.bfloat16 or c.out_dtype != torch.bfloat16:
            return False, "requires BF16 activations"
        return True, None

    def process_weights_after_loading(self, layer: torch.nn.Module) -> None:
        weight, scale, *_ = self._get_layer_params(layer)
        layer.channel_scales = scale.data.float().flatten().contiguous()
        _keep_decoded(layer, weight.data.t())  # vLLM hands it over as (columns, rows)

    def apply_weights(self, layer, x, bias=None):
        rows = _rows(x)
        codes = torch.empty_like(rows)
        token_scales = torch.empty(rows.shape[0], dtype=torch.float32)
        rounding.fp8_per_token(_bits(rows), _bits(codes), token_scales.numpy())
        out = layer.cpu_linear(codes, layer.weight, None)
        rounding.scale_rows_and_columns(
            _bits(out), token_scales.numpy(), layer.channel_scales.numpy()
        )
        out = out.view(*x.shape[:-1], -1)
        return out if bias is None else out + bias

    def apply_scaled_mm(self, **_) -> torch.Tensor:
        raise NotImplementedError("apply_weights does not need it")


class EmulatedNvFp4LinearKernel(NvFp4LinearKernel):
    """W4A4: activations rounded to E2M1 with an E4M3 scale a block of 16."""

    @classmethod
    def is_supported(cls, compute_capability: int | None = None) -> tuple[bool, str | None]:
        return _supported()

    @classmethod
    def can_implement(cls, config) -> tuple[bool, str | None]:
        return True, None

    def process_weights_after_loading(self, layer: torch.nn.Module) -> None:
        _keep_decoded(layer, nvfp4.dequantize_blocks(layer.weight.data, layer.weight_scale.data))
        # vLLM calls the divisor of the checkpoint "inverse", and alpha the product of both scales.
        layer.activation_divisor = layer.input_global_scale_inv.item()
        layer.output_scale = layer.alpha.item()

    def apply_weights(self, layer, x, bias=None):
        rows = _rows(x)
        rounded = torch.empty_like(rows)
        rounding.nvfp4_blocks(_bits(rows), _bits(rounded), layer.activation_divisor)
        out = layer.cpu_linear(rounded, layer.weight, None).mul_(layer.output_scale)
        out = out.view(*x.shape[:-1], -1)
        return out if bias is None else out + bias
