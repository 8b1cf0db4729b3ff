"""What really runs, asked of vLLM's own worker processes.

vLLM mixes EngineFacts into its worker class (engine argument `worker_extension_cls`), so that
`collective_rpc("assay_engine_facts")` reaches every rank, in one process or in many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from assay_worker import collector
from assay_worker.kernels import kernel_fact
from assay_worker.provenance import LogCapture

KERNEL_PACKAGES = ("vllm.model_executor.kernels.", "vllm.model_executor.layers.fused_moe.")

# vLLM imports this module into each rank before the weights. A rank of its own process logs there
# what it chose, out of the worker's sight.
RANK_LOG = LogCapture(lambda line: None)
RANK_LOG.start()


class EngineFacts:
    def assay_engine_facts(self) -> dict[str, Any]:
        """Asked once the engine is ready."""
        collector.resume()
        model = self.model_runner.model  # type: ignore[attr-defined]
        model = getattr(model, "unwrap", lambda: model)()
        return {
            "kernels": kernel_facts(model),
            "attention": dict(attention_backends(model)),
            "log": RANK_LOG.notable,
            "fell_back": RANK_LOG.fell_back,
            "parts": RANK_LOG.parts,
            **device_facts(),
        }


def is_kernel(value: Any) -> bool:
    return type(value).__name__.endswith("Kernel") or any(
        base.__module__.startswith(KERNEL_PACKAGES) and "Kernel" in base.__name__
        for base in type(value).__mro__
    )


def kernels_of(module: Any) -> Iterator[Any]:
    """The kernel objects of a layer's method or scheme. Those of a mixture's experts lie one
    deeper: FusedMoEKernel moves tokens, its `fused_experts` multiply."""
    for holder in (module.quant_method, getattr(module, "scheme", None)):
        for value in vars(holder).values() if hasattr(holder, "__dict__") else ():
            if is_kernel(value):
                yield getattr(value, "fused_experts", value)


def kernel_facts(model: Any) -> list[dict[str, Any]]:
    """One entry for each way in which layers are computed, with their number. A layer without a
    kernel object counts by its method."""
    import vllm
    from vllm.platforms import current_platform

    on_cpu = current_platform.is_cpu()
    facts: Counter[tuple[tuple[str, Any], ...]] = Counter()
    for module in model.modules():
        method = getattr(module, "quant_method", None)
        if method is None or "Embedding" in type(method).__name__ or is_attention(module):
            continue
        kind = "moe" if hasattr(module, "moe_config") or hasattr(method, "moe") else "linear"
        kernels = list(kernels_of(module))
        if not kernels:
            scheme = getattr(module, "scheme", None)
            kernels = [method if scheme is None else scheme]
        entries = {
            tuple(
                kernel_fact(
                    type(k).__name__, vllm.__version__, kind, k, layer=module, on_cpu=on_cpu
                ).items()
            )
            for k in kernels
        }
        facts.update(entries)
    return [{**dict(fact), "layers": count} for fact, count in facts.items()]


def is_attention(module: Any) -> bool:
    return hasattr(module, "impl") and hasattr(module, "kv_cache_dtype")


def attention_backends(model: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for module in model.modules():
        if is_attention(module):
            backend = getattr(module, "attn_backend", None)
            name = backend.get_name() if backend is not None else type(module.impl).__name__
            found[name] += 1
    return found


def device_facts() -> dict[str, Any]:
    import torch

    if not torch.cuda.is_available():
        return {"device": "cpu", "gpu_memory_bytes": 0}
    # torch's own: what the card has in use counts other processes', too.
    return {
        "device": torch.cuda.get_device_name(),
        "gpu_memory_bytes": torch.cuda.memory_reserved(),
    }
