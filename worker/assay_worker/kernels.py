"""What a kernel of vLLM computes with: bits of weights and activations, in software or not.

KERNELS (vllm_releases.py) is by exact class name and versions of vLLM. Where one class serves
several formats, a function reads the bits from the kernel's own configuration. What is in neither
is unknown (None): a new kernel is never taken for one that it resembles.

This module needs the standard library alone.
"""

from __future__ import annotations

from typing import Any

from assay_worker.vllm_releases import KERNELS, Bits, Kernel, parse_version


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
