"""Who lies below a process, and that it can be ended."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from assay_worker.processes import below, snapshot

TREE = """
import os, subprocess, sys, time
from assay_worker.processes import kill_descendants
child = subprocess.Popen(["sh", "-c", "sleep 300 & echo $!; wait"], stdout=subprocess.PIPE)
print(child.pid, child.stdout.readline().decode().strip(), flush=True)
sys.stdin.readline()
kill_descendants()
print("done", flush=True)
"""


def test_descendants_by_parent_and_by_led_group() -> None:
    processes = {1: (0, 1), 10: (1, 10), 11: (10, 10), 12: (11, 12), 13: (1, 10), 14: (1, 1)}
    assert below(10, processes) == {11, 12, 13}  # 13: an orphan of the group 10 leads
    assert below(11, processes) == {12}
    assert below(14, processes) == set()


def test_a_tree_is_ended() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TREE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin and parent.stdout
        pids = [int(x) for x in parent.stdout.readline().split()]
        assert all(pid in snapshot() for pid in pids)
        parent.stdin.write("\n")
        parent.stdin.flush()
        assert parent.stdout.readline() == "done\n"
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and any(map(alive, pids)):
            time.sleep(0.01)
        assert not any(map(alive, pids))


def alive(pid: int) -> bool:
    """A zombie nobody waits for does not count."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
