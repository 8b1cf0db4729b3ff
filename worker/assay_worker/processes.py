"""Ending what this process started, through /proc: vLLM's own processes outlive their parent."""

from __future__ import annotations

import contextlib
import os
import signal


def snapshot() -> dict[int, tuple[int, int]]:
    """Process id -> (parent, process group) of every process that can be seen."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{name}/stat", "rb") as file:
                # The command's name, in parentheses, may hold blanks and parentheses itself.
                fields = file.read().rpartition(b")")[2].split()
            found[int(name)] = (int(fields[1]), int(fields[2]))
    return found


def below(root: int, processes: dict[int, tuple[int, int]]) -> set[int]:
    """Descendants of root; when root leads a process group, the rest of the group too."""
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = [root]
    if processes.get(root, (0, 0))[1] == root:
        waiting += [pid for pid, (_, group) in processes.items() if group == root and pid != root]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    found.discard(root)
    return found


def kill_descendants(rounds: int = 3) -> None:
    """SIGKILL to all below this process; again, because a dying process may have had a child."""
    own = os.getpid()
    for _ in range(rounds):
        targets = below(own, snapshot())
        if not targets:
            return
        for pid in targets:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
