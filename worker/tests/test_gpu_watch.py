"""GpuUse over made-up samples, and the watch where no driver is."""

from __future__ import annotations

import pytest

from assay_worker import gpu_watch
from assay_worker.gpu_watch import GpuUse, GpuWatch


def test_shares_and_gaps() -> None:
    use = GpuUse()
    for shares in ([1.0, 0.5],) * 8 + ([0.0, 0.0],) * 6 + ([0.0, 1.0],) * 2 + ([0.0, 0.0],) * 3:
        use.add(0.25, shares)
    # 8 samples of 0.75, 2 of 0.5, of 19; the pause of 1.5 s counts, the last of 0.75 s is too short
    assert use.facts() == {"watched_s": 4.75, "busy_share": 0.3684, "gaps": 1, "gaps_s": 1.5}


def test_a_gap_at_the_end_counts() -> None:
    use = GpuUse()
    for _ in range(4):
        use.add(0.25, [0.0])
    assert use.facts() == {"watched_s": 1.0, "busy_share": 0.0, "gaps": 1, "gaps_s": 1.0}


def test_no_driver_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(gpu_watch.ctypes, "CDLL", missing)
    assert GpuWatch().facts() is None
