"""What a kernel of vLLM computes with: bits of weights and activations, in software or not.

KERNELS is by exact class name and versions of vLLM; its rows were read from the source of 0.26.0
and of 0.32.0, which agree. Where one class serves several formats, a function reads the bits from
the kernel's own configuration. What is in neither is unknown (None): a new kernel is never taken
for one that it resembles. For a newer vLLM the rows are read again and NOT_READ is raised;
tests/test_kernels.py names the classes that have no row.

This module needs the standard library alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Version = tuple[int, int]
Bits = int | None | Callable[[Any, Any], int | None]  # or a function of (kernel, layer)

OLDEST: Version = (0, 26)  # of vLLM: rows hold from here on
NOT_READ: Version = (0, 33)  # the first version whose source nobody has read for this table


@dataclass(frozen=True)
class Kernel:
    weights: Bits
    activations: Bits
    emulated: bool | None = False  # None: on a CPU, which has no such instructions
    since: Version = OLDEST
    before: Version = NOT_READ


def dtype_bits(dtype: Any) -> int | None:
    """Of a torch.dtype, a vLLM ScalarType or a name of vLLM's MoE configuration."""
    if isinstance(dtype, str):
        return {"nvfp4": 4, "mxfp4": 4, "int4": 4, "mxfp8": 8, "fp8": 8}.get(dtype)
    size_bits = getattr(dtype, "size_bits", None)
    if isinstance(size_bits, int):
        return size_bits
    itemsize = getattr(dtype, "itemsize", None)
    return itemsize * 8 if isinstance(itemsize, int) else None


def key_bits(key: Any) -> int | None:
    """Of a QuantKey; none: not quantised. FP4 has no torch type: its bytes hold two values."""
    if key is None:
        return 16
    return 4 if str(key.dtype) == "torch.uint8" else dtype_bits(key.dtype)


def weight_type(kernel: Any, _layer: Any) -> int | None:
    return dtype_bits(kernel.config.weight_type)


def act_type(kernel: Any, _layer: Any) -> int | None:
    return dtype_bits(kernel.config.act_type)


def weight_key(kernel: Any, _layer: Any) -> int | None:
    return key_bits(kernel.config.weight_quant_key)


def activation_key(kernel: Any, _layer: Any) -> int | None:
    return key_bits(kernel.config.activation_quant_key)


def humming_input(kernel: Any, _layer: Any) -> int | None:
    """Humming takes another input type where the GPU lacks the one asked for."""
    dtype = kernel.layer_config.a_dtype
    return 16 if dtype is None else dtype.num_bits


def cpu_int4_input(_kernel: Any, layer: Any) -> int | None:
    return 8 if layer.use_w4a8 else 16


def rocm_mxfp8_input(_kernel: Any, layer: Any) -> int | None:
    """Layers whose shape the instruction does not take were widened as they were loaded."""
    return 16 if layer.weight.itemsize >= 2 else 8


def own_dtype(_kernel: Any, layer: Any) -> int | None:
    return dtype_bits(layer.params_dtype)


def moe_weights(kernel: Any, _layer: Any) -> int | None:
    dtype = kernel.quant_config.weight_quant_dtype
    return 16 if dtype is None else dtype_bits(dtype)


def moe_input(kernel: Any, _layer: Any) -> int | None:
    dtype = kernel.quant_config.quant_dtype
    return 16 if dtype is None else dtype_bits(dtype)


def marlin_moe_input(kernel: Any, _layer: Any) -> int | None:
    return 16 if kernel.input_dtype is None else dtype_bits(kernel.input_dtype)


def named(names: str, kernel: Kernel) -> dict[str, Kernel]:
    return dict.fromkeys(names.split(), kernel)


ANY: Version = (0, 0)

KERNELS: dict[str, Kernel] = {
    # Weights as they are.
    **named("UnquantizedLinearMethod _GateLinearMethod", Kernel(own_dtype, own_dtype)),
    "UnquantizedFusedMoEMethod": Kernel(own_dtype, own_dtype),
    # NVFP4 (vllm/model_executor/kernels/linear/nvfp4)
    **named(
        "CutlassNvFp4LinearKernel TorchNvFp4LinearKernel FbgemmNvFp4LinearKernel "
        "B12xNvFp4LinearKernel FlashInferCuteDslNvFp4LinearKernel "
        "FlashInferCutlassNvFp4LinearKernel FlashInferTrtllmNvFp4LinearKernel "
        "FlashInferCudnnNvFp4LinearKernel FlashInferB12xNvFp4LinearKernel",
        Kernel(4, 4),
    ),
    **named(
        "MarlinNvFp4LinearKernel B12xNvFp4W4A16LinearKernel "
        "FlashInferCuteDslNvFp4W4A16LinearKernel",
        Kernel(4, 16),
    ),
    "HummingNvFp4LinearKernel": Kernel(4, humming_input),
    "EmulationNvFp4LinearKernel": Kernel(4, 4, emulated=True),
    # MXFP4 (linear/mxfp4)
    **named(
        "XPUMxFp4LinearKernel B12xMxFp4LinearKernel AiterMxfp4LinearKernel "
        "FlashInferMxFp4LinearKernel",
        Kernel(4, 4),
    ),
    "MarlinMxFp4LinearKernel": Kernel(4, 16),  # whatever its configuration asks for
    "HummingMxFp4LinearKernel": Kernel(4, humming_input),
    "EmulationMxfp4LinearKernel": Kernel(4, activation_key, emulated=True),
    # MXFP6 (linear/mxfp6)
    "HummingMxFp6LinearKernel": Kernel(weight_key, humming_input),
    "EmulationMxfp6LinearKernel": Kernel(weight_key, activation_key, emulated=True),
    # MXFP8 (linear/mxfp8)
    **named(
        "XPUMxFp8LinearKernel DeepGemmMxfp8BmmLinearKernel B12xMxfp8LinearKernel "
        "FlashInferCutlassMxfp8LinearKernel FlashInferCutedslMxfp8LinearKernel "
        "FlashInferTrtllmMxfp8LinearKernel",
        Kernel(8, 8),
    ),
    "MarlinMxfp8LinearKernel": Kernel(8, 16),
    "RocmDotScaledMxfp8LinearKernel": Kernel(8, rocm_mxfp8_input),
    "HummingMxfp8LinearKernel": Kernel(8, humming_input),
    "EmulationMxfp8LinearKernel": Kernel(8, 16, emulated=True),
    # FP8 and INT8 with scales beside the product (linear/scaled_mm)
    **named(
        "ROCmFP8ScaledMMLinearKernel XPUW8A8FP8LinearKernel XPUFp8BlockScaledMMKernel "
        "CutlassFP8ScaledMMLinearKernel CutlassFp8BlockScaledMMKernel "
        "DeepGemmFp8BlockScaledMMKernel CPUFp8W8A8BlockScaledMMKernel "
        "CPUFP8W8A8ScaledMMLinearKernel B12xFp8BlockScaledMMKernel "
        "B12xTensorFP8ScaledMMLinearKernel TritonFP8ScaledMMLinearKernel "
        "TritonFp8BlockScaledMMKernel AiterPreshuffledPerTokenFp8ScaledMMLinearKernel "
        "AiterHipbMMPerTokenFp8ScaledMMLinearKernel AiterPerTokenFp8ScaledMMLinearKernel "
        "AiterFp8BlockScaledMMKernel FlashInferFP8ScaledMMLinearKernel "
        "FlashInferFp8BlockScaledMMKernel FlashInferFp8DeepGEMMDynamicBlockScaledKernel",
        Kernel(8, 8),
    ),
    **named(
        "MarlinFP8ScaledMMLinearKernel XPUW8A16FP8LinearKernel CPUFp8BlockScaledMMKernel "
        "CPUFp8PerTensorScaledMMLinearKernel",
        Kernel(8, 16),
    ),
    **named(
        "PerTensorTorchFP8ScaledMMLinearKernel RowWiseTorchFP8ScaledMMLinearKernel "
        "ChannelWiseTorchFP8ScaledMMLinearKernel BlockWiseTorchFP8ScaledMMLinearKernel",
        Kernel(8, 8, emulated=None),
    ),
    **named("HummingFP8ScaledMMLinearKernel HummingInt8ScaledMMLinearKernel",
            Kernel(8, humming_input)),
    **named(
        "CutlassInt8ScaledMMLinearKernel CPUInt8ScaledMMLinearKernel "
        "TritonInt8ScaledMMLinearKernel ZentorchInt8ScaledMMLinearKernel "
        "AiterInt8ScaledMMLinearKernel",
        Kernel(8, 8),
    ),
    # Integer weights, activations as they are or narrower (linear/mixed_precision)
    **named(
        "MacheteLinearKernel MarlinLinearKernel CutlassW4A8LinearKernel",
        Kernel(weight_type, act_type),
    ),
    **named(
        "ExllamaLinearKernel ConchLinearKernel TritonW4A16LinearKernel RDNA3W4A16LinearKernel "
        "RDNAHybridW4A16LinearKernel XPUwNa16LinearKernel ZentorchWNA16LinearKernel",
        Kernel(weight_type, 16),
    ),
    "CPUWNA16LinearKernel": Kernel(weight_type, cpu_int4_input),
    "HummingLinearKernel": Kernel(weight_type, humming_input),
    **named("XPUW4A8IntLinearKernel Dynamic4bitLinearKernel", Kernel(4, 8)),
    # Experts of a mixture (vllm/model_executor/layers/fused_moe/experts)
    **named("MarlinExperts BatchedMarlinExperts", Kernel(moe_weights, marlin_moe_input)),
    # The last two choose between two classes at each call and hand on the configuration they have.
    **named(
        "TritonExperts BatchedTritonExperts TritonOrCutlassExperts TritonOrDeepGemmExperts",
        Kernel(moe_weights, moe_input),
    ),
    "TritonWNA16Experts": Kernel(moe_weights, 16),
    **named("TrtLlmNvFp4ExpertsModular TrtLlmNvFp4ExpertsMonolithic CutlassExpertsFp4",
            Kernel(4, 4)),
    **named("TrtLlmFp8ExpertsModular TrtLlmFp8ExpertsMonolithic CutlassExpertsFp8 "
            "CutlassBatchedExpertsFp8 DeepGemmExperts BatchedDeepGemmExperts", Kernel(8, 8)),
    "CutlassExpertsW4A8Fp8": Kernel(4, 8),
    "Nvfp4QuantizationEmulationTritonExperts": Kernel(4, 4, emulated=True),
    "Int4EmulationTritonExperts": Kernel(4, 16, emulated=True),
    # The demo's kernels for a CPU (assay_demo/emulated_kernels.py)
    "EmulatedNvFp4LinearKernel": Kernel(4, 4, emulated=True, since=ANY),
    "EmulatedFp8ScaledMMLinearKernel": Kernel(8, 8, emulated=True, since=ANY),
    # Gone by 0.32: a scheme of compressed-tensors and kernels that left the activations alone.
    "CompressedTensorsW4A16Fp4": Kernel(4, 16, since=ANY, before=(0, 32)),
    "FlashInferW4A16NvFp4LinearKernel": Kernel(4, 16, before=(0, 32)),
    "AllSparkLinearKernel": Kernel(weight_type, 16, before=(0, 32)),
}  # fmt: skip


def parse_version(text: str) -> Version | None:
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def row_of(name: str, vllm_version: str) -> Kernel | None:
    row, version = KERNELS.get(name), parse_version(vllm_version)
    if row is None or version is None or not row.since <= version < row.before:
        return None
    return row


def read(bits: Bits, kernel: Any, layer: Any) -> int | None:
    if not callable(bits):
        return bits
    try:
        return bits(kernel, layer)
    except AttributeError:  # no kernel at hand, or one that is laid out otherwise
        return None


def kernel_fact(
    name: str,
    vllm_version: str,
    layer_kind: str = "linear",
    kernel: Any = None,
    layer: Any = None,
    on_cpu: bool = False,
) -> dict[str, Any]:
    """An entry of the `loaded` frame's `kernels` (docs/worker_protocol.md), without its count."""
    fact: dict[str, Any] = {"layer": layer_kind, "name": name, "weight_bits": None,
                            "activation_bits": None, "emulated": None}  # fmt: skip
    if row := row_of(name, vllm_version):
        fact["weight_bits"] = read(row.weights, kernel, layer)
        fact["activation_bits"] = read(row.activations, kernel, layer)
        fact["emulated"] = on_cpu if row.emulated is None else row.emulated
    return fact
