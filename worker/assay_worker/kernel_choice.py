"""Which kernels this vLLM would choose among for a checkpoint's format, on this machine.

vLLM keeps a list a format, best first, and takes the first that the GPU, the installation and the
environment allow. These are its own lists and its own answers; what a kernel computes with stands
in vllm_releases.py. What a layer's shape forbids shows only when weights load; which kernel takes
integer weights with 16-bit activations hangs on little else, so those have no list here.
"""

from __future__ import annotations

from typing import Any

from assay_worker.kernels import kernel_fact
from assay_worker.vllm_releases import KERNEL_LISTS


def allowed(kernel: Any, capability: int | None) -> tuple[bool, str]:
    """The answer of the kernel's class, and why not."""
    answer, why = kernel.is_supported(capability)
    return bool(answer), str(why or "")


def choices(form: str) -> list[dict[str, Any]] | None:
    """In vLLM's order: kernel facts (kernels.py) with `allowed` and `why`. None: not known."""
    import vllm
    import vllm.envs as envs
    from vllm.model_executor.kernels import linear
    from vllm.platforms import current_platform

    lists = getattr(linear, KERNEL_LISTS.get(form, ""), None)
    if lists is None:
        return None
    found = current_platform.get_device_capability()
    capability = None if found is None else found.to_int()
    disabled = getattr(envs, "VLLM_DISABLED_KERNELS", ())
    rows = []
    for kernel in lists.get(current_platform._enum, []):
        name = kernel.__name__
        fact = kernel_fact(name, vllm.__version__, on_cpu=current_platform.is_cpu())
        try:
            answer, why = allowed(kernel, capability)
        except Exception as error:  # whatever a kernel's own test raises, it is not chosen
            answer, why = False, f"{type(error).__name__}: {error}"
        if name in disabled:
            answer, why = False, "VLLM_DISABLED_KERNELS names it"
        rows.append({**fact, "allowed": answer, "why": why[:200]})
    return rows
