"""What the table says of vLLM's kernels, and that it knows every one of the installed vLLM."""

from __future__ import annotations

import ast
import re
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assay_worker.fallbacks import fingerprint, tells_of_fallback
from assay_worker.kernels import kernel_fact
from assay_worker.provenance import over_ranks
from assay_worker.versions import installed_versions
from assay_worker.vllm_releases import FALLBACKS, KERNELS, NOT_READ, OLDEST, parse_version

SPEC = find_spec("vllm")
VLLM = Path(SPEC.origin).parent if SPEC and SPEC.origin else None
# Bases that are never instantiated.
ABSTRACT = {
    "NvFp4LinearKernel", "MxFp4LinearKernel", "MxFp6LinearKernel", "Mxfp8LinearKernel",
    "MPLinearKernel", "MMLinearKernel", "ScaledMMLinearKernel", "FP8ScaledMMLinearKernel",
    "Int8ScaledMMLinearKernel", "Fp8BlockScaledMMLinearKernel",
    "Fp8BlockScaledDynamicMMLinearKernel", "TorchFP8ScaledMMLinearKernel",
}  # fmt: skip

needs_vllm = pytest.mark.skipif(VLLM is None, reason="vLLM is not installed")


def bits(name: str, version: str = "0.32.0", **rest: Any) -> tuple[int | None, int | None, Any]:
    fact = kernel_fact(name, version, **rest)
    return fact["weight_bits"], fact["activation_bits"], fact["emulated"]


# From vllm/model_executor/kernels/linear of 0.32.0: the four weight-only kernels for NVFP4 are
# `a16_kernels` of init_nvfp4_linear_kernel.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MarlinNvFp4LinearKernel", (4, 16, False)),
        ("B12xNvFp4W4A16LinearKernel", (4, 16, False)),
        ("FlashInferCuteDslNvFp4W4A16LinearKernel", (4, 16, False)),
        ("HummingNvFp4LinearKernel", (4, None, False)),  # its object tells
        ("CutlassNvFp4LinearKernel", (4, 4, False)),
        ("B12xNvFp4LinearKernel", (4, 4, False)),
        ("EmulationNvFp4LinearKernel", (4, 4, True)),
        ("MarlinFP8ScaledMMLinearKernel", (8, 16, False)),
        ("CutlassFP8ScaledMMLinearKernel", (8, 8, False)),
        ("EmulatedFp8ScaledMMLinearKernel", (8, 8, True)),
        ("SomethingFp4LinearKernel", (None, None, None)),
        ("marlinnvfp4linearkernel", (None, None, None)),
    ],
)
def test_the_table_goes_by_the_exact_name(name: str, expected: tuple[Any, ...]) -> None:
    assert bits(name) == expected


@pytest.mark.parametrize(
    "name", ["TritonExperts", "TritonOrCutlassExperts", "TritonOrDeepGemmExperts"]
)
def test_experts_that_choose_at_each_call_compute_with_what_they_hand_on(name: str) -> None:
    """A per-channel FP8 mixture on an H100 ran on TritonOrCutlassExperts (vLLM 0.26.0)."""
    fp8 = SimpleNamespace(itemsize=1)
    config = SimpleNamespace(weight_quant_dtype=fp8, quant_dtype=fp8)
    assert bits(name, "0.26.0", kernel=SimpleNamespace(quant_config=config)) == (8, 8, False)


def test_a_row_holds_for_the_versions_it_was_read_from() -> None:
    assert bits("MarlinNvFp4LinearKernel", "0.32.7") == (4, 16, False)
    assert bits("MarlinNvFp4LinearKernel", "0.26.0") == (4, 16, False)
    assert bits("MarlinNvFp4LinearKernel", "0.25.1") == (None, None, None)
    assert bits("MarlinNvFp4LinearKernel", "0.33.0") == (None, None, None)
    assert bits("MarlinNvFp4LinearKernel", "") == (None, None, None)
    assert bits("CompressedTensorsW4A16Fp4", "0.11.0") == (4, 16, False)
    assert bits("CompressedTensorsW4A16Fp4", "0.32.0") == (None, None, None)
    assert bits("FlashInferW4A16NvFp4LinearKernel", "0.31.1rc2") == (4, 16, False)


def test_bits_come_from_the_kernels_own_configuration() -> None:
    half, byte = SimpleNamespace(itemsize=2), SimpleNamespace(itemsize=1)
    int4 = SimpleNamespace(size_bits=4)
    marlin = SimpleNamespace(config=SimpleNamespace(weight_type=int4, act_type=half))
    assert bits("MarlinLinearKernel", kernel=marlin) == (4, 16, False)
    marlin.config.act_type = byte
    assert bits("MarlinLinearKernel", kernel=marlin) == (4, 8, False)
    assert bits("MarlinLinearKernel") == (None, None, False)  # no object at hand
    humming = SimpleNamespace(layer_config=SimpleNamespace(a_dtype=None))
    assert bits("HummingNvFp4LinearKernel", kernel=humming) == (4, 16, False)
    humming.layer_config.a_dtype = SimpleNamespace(num_bits=8)
    assert bits("HummingNvFp4LinearKernel", kernel=humming) == (4, 8, False)
    emulation = SimpleNamespace(config=SimpleNamespace(activation_quant_key=None))
    assert bits("EmulationMxfp4LinearKernel", kernel=emulation) == (4, 16, True)
    plain = SimpleNamespace(params_dtype=half)
    assert bits("UnquantizedLinearMethod", layer=plain) == (16, 16, False)


def test_torch_computes_fp8_in_software_on_a_cpu_alone() -> None:
    name = "ChannelWiseTorchFP8ScaledMMLinearKernel"
    assert bits(name, on_cpu=True) == (8, 8, True)
    assert bits(name, on_cpu=False) == (8, 8, False)


def test_the_ranks_layers_are_added_up() -> None:
    a = {**kernel_fact("MarlinNvFp4LinearKernel", "0.32.0"), "layers": 3}
    b = {**kernel_fact("NewKernel", "0.32.0"), "layers": 1}
    assert over_ranks([[a, b], [a]]) == [{**a, "layers": 6}, b]
    assert over_ranks([]) == []


@needs_vllm
def test_every_linear_kernel_of_this_vllm_has_a_row() -> None:
    version = parse_version(installed_versions()["vllm"])
    assert version is not None and OLDEST <= version < NOT_READ, "read its source, raise NOT_READ"
    assert VLLM is not None
    names = set()
    for file in (VLLM / "model_executor" / "kernels" / "linear").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            bases = {ast.unparse(b) for b in node.bases} if isinstance(node, ast.ClassDef) else ()
            if bases and node.name.endswith("Kernel"):
                names.add(node.name)
    assert len(names) > 60, "vLLM keeps its kernels elsewhere"
    assert names - ABSTRACT - set(KERNELS) == set()


@needs_vllm
def test_every_message_of_a_fallback_stands_in_this_vllm() -> None:
    assert VLLM is not None
    found: set[str] = set()
    likely = re.compile(r"fall(ing)? ?back|automatic selection|weight-only|disabled DeepGemm", re.I)
    for file in VLLM.rglob("*.py"):
        source = file.read_text(errors="replace")
        if not likely.search(source):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(fingerprint(first.value))
                elif isinstance(first, ast.JoinedStr):  # filled in as it is logged
                    text = (str(v.value) if isinstance(v, ast.Constant) else "x"
                            for v in first.values)  # fmt: skip
                    found.add(fingerprint("".join(text)))
    assert set(FALLBACKS) - found == set()


def test_a_line_that_only_speaks_of_falling_back_is_none() -> None:
    assert not tells_of_fallback("A model named fallback, falling back to nothing")


def test_values_that_are_filled_in_before_do_not_count() -> None:
    assert fingerprint("Layer 'a.b' fell") == fingerprint("Layer 'c' fell")
    assert fingerprint("It failed. Exception: no such\nthing") == fingerprint(
        "It failed. Exception: x"
    )
    assert fingerprint("Layer 'a' fell") != fingerprint("Layer 'a' rose")
