"""How busy the GPUs are while an engine is ready, by the driver's own samples (NVML)."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import Any

from assay_worker.energy import LIBRARY, handle_of, visible_gpus

EVERY_S = 0.25
GAP_S = 1.0  # shorter pauses are an engine between two steps

Frame = dict[str, Any]


class Utilization(ctypes.Structure):
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]


class GpuUse:
    """Sums samples up: a share of time in which kernels ran, and the pauses of all GPUs at once."""

    def __init__(self) -> None:
        self.watched_s = self.busy_s = self.gaps_s = 0.0
        self.gaps = 0
        self._gap_s = 0.0

    def add(self, seconds: float, shares: list[float]) -> None:
        """`shares` of the last `seconds` in which each GPU computed, 0 to 1."""
        self.watched_s += seconds
        self.busy_s += seconds * sum(shares) / len(shares)
        if any(shares):
            self._end_gap()
        else:
            self._gap_s += seconds

    def _end_gap(self) -> None:
        if self._gap_s >= GAP_S:
            self.gaps += 1
            self.gaps_s += self._gap_s
        self._gap_s = 0.0

    def facts(self) -> Frame | None:
        if self.watched_s <= 0:
            return None
        self._end_gap()
        return {
            "watched_s": round(self.watched_s, 3),
            "busy_share": round(self.busy_s / self.watched_s, 4),
            "gaps": self.gaps,
            "gaps_s": round(self.gaps_s, 3),
        }


def shares_reader() -> Callable[[], list[float] | None] | None:
    """Reads the visible GPUs' shares; None where no driver tells."""
    try:
        nvml = ctypes.CDLL(LIBRARY)
    except OSError:
        return None
    if nvml.nvmlInit_v2() != 0:
        return None
    handles = [handle_of(nvml, name) for name in visible_gpus(nvml)]
    if not handles or any(handle is None for handle in handles):
        return None

    def read() -> list[float] | None:
        shares = []
        for handle in handles:
            rates = Utilization()
            if nvml.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(rates)) != 0:
                return None  # inside a MIG slice nobody counts
            shares.append(rates.gpu / 100)
        return shares

    return read if read() is not None else None


class GpuWatch:
    """Samples from its start until facts() is asked; never without a driver that tells."""

    def __init__(self) -> None:
        self._use = GpuUse()
        self._read = shares_reader()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        if self._read is not None:
            self._thread = threading.Thread(target=self._watch, name="watch GPUs", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        assert self._read is not None
        before = time.monotonic()
        while not self._ended.wait(EVERY_S):
            now = time.monotonic()
            shares = self._read()
            if shares is None:
                return
            self._use.add(now - before, shares)
            before = now

    def facts(self) -> Frame | None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(2)
        return self._use.facts()
