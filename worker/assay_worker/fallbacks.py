"""vLLM's messages that it took something else than what the model or the arguments asked for.

A message is known by its template, as it stands in vLLM's source (0.32.0), before its values are
filled in: no line is searched for words. tests/test_fallbacks.py looks each of them up there.
"""

from __future__ import annotations

import re

TEMPLATES = frozenset(
    (
        # kernels of linear layers
        "--linear-backend=%s has no kernel for this linear layer type; "
        "using automatic selection for that layer type.",
        "--linear-backend=%s was requested, but no %s kernel exists for %s layers; "
        "falling back to normal kernel selection for this layer.",
        "--linear-backend=%s requested FlashInfer mm_bf16 backend %r, but it is unavailable on "
        "the current hardware or environment; using automatic selection for unquantized linear "
        "layers.",
        "VLLM_BATCH_INVARIANT is set but the batch-invariant NVFP4 kernel is not supported on "
        "this platform; falling back to emulation for deterministic execution. Reason: %s",
        "NVFP4 linear falling back to the slow and unoptimized emulation backend as no optimized "
        "backend is available (unavailable reasons:\n - %s\n). In case you expect one of these "
        "backends to be used, please verify your environment.",
        "[zen_cpu] ZentorchWNA16 fast path not eligible for this layer (AWQ pack layout or "
        "non-int32 storage); falling back to CPUWNA16LinearKernel (cpu_gemm_wna16).",
        "MarlinMxFp4LinearKernel is a weight-only (A16) kernel; the requested activation "
        "quantization (%s) is ignored.",
        "No MXFP4 linear kernel supports %s activations on this platform; falling back to MXFP4 "
        "activations. %s",
        "Layer '%s' is not supported by AutoAWQMarlin. Falling back to unoptimized AWQ kernels.",
        "Auto-disabled DeepGemm for model_type=%s on Blackwell. DeepGemm E8M0 scale format "
        "causes accuracy degradation for this architecture. Falling back to CUTLASS. To disable "
        "DeepGemm globally, set VLLM_USE_DEEP_GEMM=0.",
        # experts of a mixture
        "No Mxfp4 MoE backend supports activation=%s for the deployment configuration. Falling "
        "back to '%s' with BF16 activations.",
        "VLLM_ROCM_USE_AITER_MOE=1 was requested, but %s Falling back to try the remaining "
        "available MoE backends: %s.",
        "This device lacks native FP4 compute; using weight-only FP4 via the Marlin kernel, "
        "which may reduce performance for compute-heavy workloads.",
        # attention and its cache
        "Flash Attention on XPU does not support float32 dtype. Falling back to Triton Attention "
        "backend.",
        "FlashAttnMLA on XPU is not valid for this configuration (%s); falling back to Triton "
        "MLA backend.",
        "trtllm-gen MLA decode does not support num_heads=%d (query/kv head ratio); falling back "
        "to the cute-dsl backend.",
        "Cannot use ROCm custom paged attention kernel, falling back to Triton implementation.",
        "GDN prefill backend '%s' is selected but cannot use this kernel on the current "
        "platform. Falling back to Triton/FLA.",
        "WARNING: Unknown kv_cache_quant_algo '%s' in model config. Supported values: %s. "
        "Falling back to 'auto'.",
        # the model, its types and sampling
        "%s has no vLLM implementation, falling back to Transformers implementation. Some "
        "features may not be supported and performance may not be optimal.",
        "Your device %s doesn't support %s. Falling back to %s for compatibility.",
        "The current platform does not support [%s] head dtype, fallback to model dtype [%s].",
        "FlashInfer top-p/top-k sampling unavailable: %s; falling back. Set "
        "VLLM_USE_FLASHINFER_SAMPLER=0 to silence.",
    )
)
# Messages that vLLM fills in before it logs them: what stands before and after the values.
FILLED_IN = (
    re.compile(r"Layer '.*' is not supported by AutoAWQMoEMarlin\. "
               r"Falling back to Moe WNA16 kernels\.", re.DOTALL),
    re.compile(r"Layer '.*' is not supported by GPTQMoeMarlin\. "
               r"Falling back to Moe WNA16 kernels\.", re.DOTALL),
    re.compile(r"Failed to create oneDNN linear, fallback to torch linear\. Exception: .*",
               re.DOTALL),
)  # fmt: skip


def tells_of_fallback(template: str) -> bool:
    """`template`: the message before its values are filled in (LogRecord.msg)."""
    return template in TEMPLATES or any(p.fullmatch(template) for p in FILLED_IN)
