"""What differs between releases of vLLM, as far as this program relies on it: classes of kernels
and their bits, words of logs and errors, and where something lies inside. docs/vllm_versions.md
says which releases ran, and what happens where one is laid out otherwise.

Of a newer vLLM the rows of KERNELS are read again, then NOT_READ is raised; tests/test_kernels.py
names the classes and the messages of the installed one that are not here.

This module needs the standard library alone; what it imports of vLLM it imports when asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

Version = tuple[int, int]
Bits = int | None | Callable[[Any, Any], int | None]  # or a function of (kernel, layer)

OLDEST: Version = (0, 26)  # of vLLM: rows hold from here on
NOT_READ: Version = (0, 33)  # the first version whose source nobody has read for this table


def parse_version(text: str) -> Version | None:
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


# ------------------------------------------------ words of logs and errors

# The log's lines that tell how long a part of a load took: the part's name, and the seconds.
LOAD_TIMES = (
    ("weights", re.compile(r"Model loading took .* and ([\d.]+) seconds")),
    ("files", re.compile(r"Loading weights took ([\d.]+) seconds")),
    ("compile", re.compile(r"torch\.compile took ([\d.]+) s in total")),
    ("compile", re.compile(r"torch\.compile takes ([\d.]+) s in total")),
    ("graphs", re.compile(r"Graph capturing finished in ([\d.]+) secs")),
)

# Of an error that says that memory lacks.
NO_MEMORY = ("out of memory", "Free memory on device", "No available memory")
# "Free memory on device cuda:0 (113.83/139.8 GiB) on startup is less than …"
FREE_MEMORY = re.compile(r"Free memory on device.*?\(([\d.]+)/([\d.]+) GiB\)")
# What vLLM takes on large cards where nobody says.
SEQUENCES, BATCHED_TOKENS = 1024, 16384

# A message that tells of a slower path is known by a hash of its template (fallbacks.py), of 0.32.
# fingerprint() of the template -> what was taken.
FALLBACKS = {
    "d172dc439d5de675": "no kernel of the linear backend asked for; chosen by vLLM",
    "0efce9cc9bca47e5": "no kernel of that backend for this kind of layer",
    "209e3beca6b4ed85": "the FlashInfer product asked for is not there",
    "3a9427cac7dc6164": "NVFP4 emulated, since batch invariance has no kernel here",
    "20a31da74393ada2": "NVFP4 emulated, since no other kernel works here",
    "c5810cf70e6313e1": "a slower integer kernel on this CPU",
    "21db0423c391efd8": "activations left as they are on Marlin's MXFP4 kernel",
    "96369f5954bcef21": "activations in MXFP4, not in the format asked for",
    "f609271c4747ecb0": "AWQ without Marlin",
    "8cd9eb6ea2568b7d": "DeepGEMM off on Blackwell",
    "07b0c84a03d37ade": "experts in MXFP4 with 16-bit activations",
    "3b724f7f4f9b14bb": "another backend than AITER for experts",
    "9714974b2e422a36": "FP4 as weights alone: the GPU has no FP4 product",
    "b1be81304b1267da": "Triton for attention in 32 bits on XPU",
    "cf221eb000a2fe2c": "Triton for MLA on XPU",
    "fd9d1424431dd12a": "CuTe DSL for MLA's decoding",
    "5d365f1349341ea0": "Triton for paged attention on ROCm",
    "d64b2b688405a775": "Triton for gated delta networks",
    "cb3e9d0810de890a": "the cache in its automatic type",
    "b79a377b75ebfbd4": "the model as Transformers has it",
    "aac9980d60470f18": "another dtype, which this device has",
    "5e8a54662e84de43": "the head in the model's dtype",
    "0c3fa15393966500": "sampling without FlashInfer",
    "7f9c8a2f6d71195c": "AWQ experts without Marlin",
    "f586e467fc1d6390": "GPTQ experts without Marlin",
    "13952bf0a88a44b5": "linear layers without oneDNN",
}


# ------------------------------------------------ kernels

# checkpoint_format() -> name of the list in vllm.model_executor.kernels.linear (0.26 to 0.32).
KERNEL_LISTS = {
    "nvfp4": "_POSSIBLE_NVFP4_KERNELS",
    "mxfp4": "_POSSIBLE_MXFP4_KERNELS",
    "mxfp8": "_POSSIBLE_MXFP8_KERNELS",
    "fp8": "_POSSIBLE_FP8_KERNELS",
    "fp8_block": "_POSSIBLE_FP8_BLOCK_KERNELS",
    "int8": "_POSSIBLE_INT8_KERNELS",
}


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


# ------------------------------------------------ inside vLLM


def make_engine_cores_in(context: Any) -> bool:
    """vLLM starts its engine cores as processes of this multiprocessing context. False: this vLLM
    starts them otherwise."""
    import vllm.v1.engine.utils as utils

    if not hasattr(utils, "get_mp_context"):
        return False
    utils.get_mp_context = context
    return True


@dataclass(frozen=True)
class CoreClient:
    """Of an engine core in a process of its own, what this side holds."""

    resources: Any  # engine_dead: set when the process has ended
    answers: Any  # the queue on which whoever asks for the next step waits

    def ended(self) -> bool:
        return bool(self.resources.engine_dead)

    def exit_codes(self) -> dict[str, int]:
        """Of the processes that have ended, by their names."""
        manager = getattr(self.resources, "engine_manager", None)
        return dict(getattr(manager, "finished_procs", dict)())


def core_client(core: Any) -> CoreClient | None:
    """`core`: LLMEngine.engine_core. None: it runs in this process, or lies otherwise (0.32)."""
    resources, answers = getattr(core, "resources", None), getattr(core, "outputs_queue", None)
    if not hasattr(resources, "engine_dead") or not hasattr(answers, "put_nowait"):
        return None
    return CoreClient(resources, answers)


def ranks_group(rank: int, ranks: int, meeting: str, backend: str, own_kernel: bool) -> Any:
    """vLLM's tensor-parallel group. `own_kernel`: it may sum by its own kernel."""
    from vllm.config import VllmConfig, set_current_vllm_config
    from vllm.distributed import parallel_state as state

    with set_current_vllm_config(VllmConfig()):
        state.set_custom_all_reduce(own_kernel)
        state.init_distributed_environment(ranks, rank, meeting, rank, backend)
        state.initialize_model_parallel(ranks)
    return state.get_tp_group()


def sums_by_own_kernel(group: Any, tensor: Any) -> bool:
    custom = getattr(group.device_communicator, "ca_comm", None)
    return custom is not None and bool(custom.should_custom_ar(tensor))


def read_compiled_code_at_once(
    environment: MutableMapping[str, str], torch: str, vllm: str
) -> None:
    """With torch 2.10 and 2.11 vLLM can keep the whole of a compiled model as one file, but does so
    by itself only from torch 2.12 on. With it a load with warm caches reads compiled code in a
    second, and in 10 to 20 without. What the user set stays."""
    version = parse_version(torch)
    if version is None or not (2, 10) <= version < (2, 12) or vllm.endswith("cpu"):
        return
    if environment.get("VLLM_USE_STANDALONE_COMPILE", "1") == "1":
        environment.setdefault("VLLM_USE_MEGA_AOT_ARTIFACT", "1")
