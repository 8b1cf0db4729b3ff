"""vLLM's messages that it took something else than what the model or the arguments asked for.

A message is known by a hash of its template, as it stands in vLLM's source (0.32.0) before its
values are filled in: no line is searched for words. tests/test_kernels.py finds each of them there.
"""

from __future__ import annotations

import hashlib
import re

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


def fingerprint(template: str) -> str:
    """Of a message before its values are filled in (LogRecord.msg). A few are filled in before they
    are logged: what stands in single quotes, and an exception's text at the end, do not count."""
    fixed = re.sub(r"'[^']*'", "''", template).split("Exception:")[0]
    return hashlib.sha256(fixed.encode()).hexdigest()[:16]


def tells_of_fallback(template: str) -> bool:
    """`template`: the message before its values are filled in (LogRecord.msg)."""
    return fingerprint(template) in FALLBACKS
