"""An engine core that ends without a word wakes whoever waits for its next step."""

from __future__ import annotations

import queue
from types import SimpleNamespace
from typing import Any

import pytest

from assay_worker.core_watch import CoreWatch, how_it_ended
from assay_worker.engine import lost


def core_of(codes: dict[str, int]) -> Any:
    """As vLLM 0.32.0 lays out the client of a core in a process of its own."""
    manager = SimpleNamespace(finished_procs=lambda: codes)
    resources = SimpleNamespace(engine_dead=False, engine_manager=manager)
    return SimpleNamespace(resources=resources, outputs_queue=queue.Queue())


def test_who_waits_is_woken_and_told_how_it_ended() -> None:
    core = core_of({"EngineCore": -9})
    watch = CoreWatch(core, every_s=0.01)
    with pytest.raises(queue.Empty):
        core.outputs_queue.get(timeout=0.1)
    core.resources.engine_dead = True
    woken = core.outputs_queue.get(timeout=10)
    assert isinstance(woken, RuntimeError)
    how = "killed by SIGKILL (for want of memory, perhaps: `dmesg` tells)"
    why = f"the process EngineCore ended: {how}"
    assert watch.why == why
    assert lost(RuntimeError("See stack trace (above)"), {}, watch.why).why == why


def test_a_core_in_this_process_is_not_watched() -> None:
    assert CoreWatch(SimpleNamespace()).why == ""


def test_other_ends() -> None:
    assert how_it_ended({}) == ""
    assert how_it_ended({"a": 1, "b": -6}) == (
        "the process a ended: exit code 1; the process b ended: killed by SIGABRT"
    )
