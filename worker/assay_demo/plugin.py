"""vLLM plugin (entry point group `vllm.general_plugins`): FP8 and NVFP4 checkpoints on a CPU.

vLLM calls register() in every process that builds a model. On any platform but the CPU it does
nothing, so it may stay installed beside a GPU build.
"""

from __future__ import annotations


def register() -> None:
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return

    from vllm.model_executor.kernels import linear
    from vllm.platforms import PlatformEnum

    from assay_demo.emulated_kernels import (
        EmulatedFp8ScaledMMLinearKernel,
        EmulatedNvFp4LinearKernel,
    )

    # vLLM's register_linear_kernel only appends, and its slow torch fallbacks would win. Kernels
    # for the CPU's own low-precision instructions stand before the fallbacks and keep priority.
    fp8 = linear._POSSIBLE_FP8_KERNELS.setdefault(PlatformEnum.CPU, [])
    if EmulatedFp8ScaledMMLinearKernel not in fp8:
        fallback = (i for i, kernel in enumerate(fp8) if "Torch" in kernel.__name__)
        fp8.insert(next(fallback, len(fp8)), EmulatedFp8ScaledMMLinearKernel)
    nvfp4 = linear._POSSIBLE_NVFP4_KERNELS.setdefault(PlatformEnum.CPU, [])
    if EmulatedNvFp4LinearKernel not in nvfp4:
        nvfp4.append(EmulatedNvFp4LinearKernel)
