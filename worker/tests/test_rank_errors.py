"""A rank's own exception is the reason that is given, not vLLM's "see above"."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay_worker import engine, rank_errors
from assay_worker.provenance import LogCapture

# What vLLM 0.26 gave with two ranks, one of whose cards another process held.
OUTSIDE = RuntimeError(
    "Engine core initialization failed. See root cause above. Failed core proc(s): {}"
)
FREE = (
    "Free memory on device cuda:0 (113.83/139.8 GiB) on startup is less than desired GPU memory "
    "utilization (0.92, 128.62 GiB)."
)
RANK = f"""
import logging
from assay_worker import engine_facts  # as vLLM imports it into a rank
log = logging.getLogger("vllm.v1.executor.multiproc_executor")
log.info("loading")
log.error("no exception in this one")
try:
    raise ValueError({FREE!r})
except ValueError:
    log.exception("WorkerProc failed to start.")
"""


@pytest.fixture(autouse=True)
def expecting() -> Iterator[None]:
    rank_errors.expect_errors()
    yield
    rank_errors.forget_errors()


def run_rank(text: str) -> None:
    there = {**os.environ, "PYTHONPATH": str(Path(engine.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", text], env=there, check=True, stderr=subprocess.DEVNULL)


def test_a_ranks_exception_is_the_reason_and_memory_has_its_own_fix() -> None:
    run_rank(RANK)
    path = Path(os.environ[rank_errors.VARIABLE])
    asked = {"gpu_memory_utilization": 0.92}
    error = engine.load_error(Path("small"), OUTSIDE, asked)
    assert error.why == f"ValueError: {FREE}"
    assert error.less_memory == {"gpu_memory_utilization": 0.79}
    assert "nvidia-smi" in error.fix
    assert not path.exists(), "nothing is left behind"


def test_the_first_of_several_is_the_cause() -> None:
    run_rank(RANK)
    run_rank(RANK.replace("ValueError", "RuntimeError").replace("Free", "Lost peer; free"))
    assert engine.lost(RuntimeError("EngineCore died"), {}).why == f"ValueError: {FREE}"


def test_a_gpu_that_any_rank_lost_is_gone_for_good() -> None:
    others = RANK.replace(repr(FREE), "'NCCL error: unhandled cuda error'")
    run_rank(others)
    died = RuntimeError("EngineCore encountered an issue. See stack trace (above).")
    error = engine.lost(died, {})
    assert (error.why, error.final) == ("ValueError: NCCL error: unhandled cuda error", False)
    assert "final" not in error.frame(None)
    run_rank(others.replace("NCCL error: unhandled cuda error", "CUDA error: GPU is lost"))
    error = engine.lost(died, {})
    assert (error.why, error.final) == ("ValueError: CUDA error: GPU is lost", True)
    assert error.frame(None)["final"] is True
    assert "nvidia-smi" in error.fix
    assert engine.load_error(Path("small"), OUTSIDE, {}).fix == error.fix


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        ("NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.", True),
        ("RuntimeError: No CUDA GPUs are available", True),
        ("CUDA error: no CUDA-capable device is detected", True),
        ("CUDA error: an illegal memory access was encountered", False),
        ("CUDA out of memory. Tried to allocate 130.00 GiB", False),
        ("NCCL error: unhandled cuda error", False),
    ],
)
def test_words_of_a_gpu_that_is_gone(words: str, gone: bool) -> None:
    assert engine.lost(RuntimeError(words), {}).final is gone


def test_without_a_ranks_word_vllms_own_stays() -> None:
    assert engine.load_error(Path("small"), OUTSIDE, {}).why == f"RuntimeError: {OUTSIDE}"
    assert "argument" in engine.load_error(Path("small"), OUTSIDE, {}).fix


def test_an_address_is_no_fact() -> None:
    # Two lines of vLLM's log; both hold "backend".
    with LogCapture(lambda line: None) as log:
        logger = logging.getLogger("vllm.distributed.parallel_state")
        logger.setLevel(logging.INFO)
        logger.info("world_size=1 distributed_init_method=tcp://192.0.2.7:51019 backend=nccl")
        logger.info("Using FLASH_ATTN attention backend")
    assert log.notable == [
        "world_size=1 distributed_init_method=(address) backend=nccl",
        "Using FLASH_ATTN attention backend",
    ]
