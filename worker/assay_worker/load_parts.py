"""What the seconds of a load went into, as far as they can be told apart."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

from assay_worker.vllm_releases import LOAD_TIMES

ORDER = ("process", "imports", "weights", "compile", "graphs")


def part_of(line: str) -> tuple[str, float] | None:
    """A log line that tells how long a part took."""
    for name, pattern in LOAD_TIMES:
        if found := pattern.search(line):
            return name, float(found[1])
    return None


def slowest(ranks: Iterable[dict[str, float]]) -> dict[str, float]:
    """All wait for the slowest."""
    parts: dict[str, float] = {}
    for rank in ranks:
        for name, seconds in rank.items():
            parts[name] = max(parts.get(name, 0.0), seconds)
    return parts


def in_order(parts: dict[str, Any]) -> list[dict[str, Any]]:
    # On a CPU vLLM tells how long the files took to read, and no more.
    parts = {"weights": parts.get("files"), **parts}
    return [{"name": name, "seconds": round(s, 2)} for name in ORDER if (s := parts.get(name))]


def since_process_start_s() -> float:
    """Of this process, by the kernel."""
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    with open("/proc/uptime") as file:
        uptime = float(file.read().split()[0])
    return max(0.0, uptime - ticks / os.sysconf("SC_CLK_TCK"))


class Stopwatch:
    """Seconds of what is done within it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._since = 0.0

    def __enter__(self) -> Stopwatch:
        self._since = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.monotonic() - self._since
