"""The emulated kernels against the formats' definition in float64, and their registration."""

import pytest
import torch

from assay_demo import fp8, nvfp4, plugin

ROWS, COLUMNS, TOKENS = 48, 64, 9


@pytest.fixture
def eager():
    """What an engine with enforce_eager=True sets up around a layer."""
    from vllm.config import CompilationConfig, VllmConfig, set_current_vllm_config

    with set_current_vllm_config(VllmConfig(compilation_config=CompilationConfig(mode=0))):
        yield


def random(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).bfloat16()


def assert_near(out, product, bias=0.0):
    # BF16 rounds the sum, the scaled sum and what the bias makes of it: half a unit each, 2^-8.
    assert out.dtype == torch.bfloat16
    wanted = product + bias
    allowed = 2.0**-7 * product.abs() + 2.0**-8 * wanted.abs() + 1e-4 * product.abs().max()
    assert ((out.double() - wanted).abs() <= allowed).all()


def fp8_kernel():
    from vllm.model_executor.kernels.linear.scaled_mm.ScaledMMLinearKernel import (
        FP8ScaledMMLinearLayerConfig,
    )
    from vllm.model_executor.layers.quantization.utils.quant_utils import (
        kFp8DynamicTokenSym,
        kFp8StaticChannelSym,
    )

    from assay_demo.emulated_kernels import EmulatedFp8ScaledMMLinearKernel

    config = FP8ScaledMMLinearLayerConfig(
        weight_quant_key=kFp8StaticChannelSym,
        activation_quant_key=kFp8DynamicTokenSym,
        weight_shape=(ROWS, COLUMNS),
        input_dtype=torch.bfloat16,
        out_dtype=torch.bfloat16,
    )
    names = ["weight", "weight_scale", "input_scale", "input_scale_ub"]
    return EmulatedFp8ScaledMMLinearKernel(config, names)


def parameter(tensor):
    return torch.nn.Parameter(tensor, requires_grad=False)


@pytest.mark.parametrize("with_bias", [False, True])
def test_fp8(eager, with_bias):
    quantised = fp8.quantize(random(ROWS, COLUMNS, seed=1))
    layer = torch.nn.Module()
    layer.weight = parameter(quantised[".weight"].t())
    layer.weight_scale = parameter(quantised[".weight_scale"])
    kernel = fp8_kernel()
    kernel.process_weights_after_loading(layer)
    x = random(3, TOKENS // 3, COLUMNS, seed=2)
    bias = random(ROWS, seed=3) if with_bias else None
    out = kernel.apply_weights(layer, x, bias)

    rounded = fp8.quantize(x.view(TOKENS, COLUMNS))  # a scale a row: here, a token
    activations = fp8.dequantize(rounded[".weight"], rounded[".weight_scale"]).double()
    weight = fp8.dequantize(quantised[".weight"], quantised[".weight_scale"]).double()
    product = (activations @ weight.t()).view(3, TOKENS // 3, ROWS)
    assert_near(out, product, bias.double() if with_bias else 0.0)


def test_nvfp4(eager):
    from vllm.model_executor.kernels.linear.nvfp4.base import NvFp4LinearLayerConfig

    from assay_demo.emulated_kernels import EmulatedNvFp4LinearKernel

    weight, x = random(ROWS, COLUMNS, seed=4), random(TOKENS, COLUMNS, seed=5)
    peak = x.abs().max().item()
    quantised = nvfp4.quantize(weight, weight.abs().max().item(), peak)
    layer = torch.nn.Module()
    layer.weight = parameter(quantised[".weight_packed"])
    layer.weight_scale = parameter(quantised[".weight_scale"])
    # As vLLM prepares a layer: the checkpoint's divisors are inverted, except for one.
    layer.input_global_scale_inv = parameter(quantised[".input_global_scale"][0])
    layer.alpha = parameter(
        1 / (quantised[".input_global_scale"][0] * quantised[".weight_global_scale"][0])
    )
    kernel = EmulatedNvFp4LinearKernel(NvFp4LinearLayerConfig())
    kernel.process_weights_after_loading(layer)
    out = kernel.apply_weights(layer, x)

    def decode(tensors):
        scale, divisor = tensors[".weight_scale"], tensors[".weight_global_scale"]
        return nvfp4.dequantize(tensors[".weight_packed"], scale, divisor).double()

    assert_near(out, decode(nvfp4.quantize(x, peak, 1.0)) @ decode(quantised).t())


def test_kernels_refuse_compiled_mode():
    from vllm.config import CompilationConfig, VllmConfig, set_current_vllm_config

    from assay_demo.emulated_kernels import EmulatedFp8ScaledMMLinearKernel

    with set_current_vllm_config(VllmConfig(compilation_config=CompilationConfig(mode=3))):
        supported, reason = EmulatedFp8ScaledMMLinearKernel.is_supported()
    assert not supported
    assert "enforce_eager" in reason


def test_registered_once_and_before_the_slow_fallbacks():
    from vllm.model_executor.kernels import linear
    from vllm.platforms import PlatformEnum

    plugin.register()
    plugin.register()
    names = [kernel.__name__ for kernel in linear._POSSIBLE_FP8_KERNELS[PlatformEnum.CPU]]
    assert names.count("EmulatedFp8ScaledMMLinearKernel") == 1
    ours = names.index("EmulatedFp8ScaledMMLinearKernel")
    assert ours < names.index("ChannelWiseTorchFP8ScaledMMLinearKernel")
    nvfp4_names = [kernel.__name__ for kernel in linear._POSSIBLE_NVFP4_KERNELS[PlatformEnum.CPU]]
    assert nvfp4_names == ["EmulatedNvFp4LinearKernel"]


def test_other_platforms_are_left_alone(monkeypatch):
    from vllm import platforms
    from vllm.model_executor.kernels import linear

    class Gpu:
        def is_cpu(self):
            return False

    before = {k: list(v) for k, v in linear._POSSIBLE_FP8_KERNELS.items()}
    monkeypatch.setattr(platforms, "current_platform", Gpu())
    plugin.register()
    assert {k: list(v) for k, v in linear._POSSIBLE_FP8_KERNELS.items()} == before
