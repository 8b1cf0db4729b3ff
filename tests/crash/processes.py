"""The processes below one: found, told apart, waited for. Linux only.

Who calls `adopt_orphans` has every process of its tree below itself for good: what loses its parent
becomes its child.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS = 0x00020000


def adopt_orphans() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def own_mounts() -> bool:
    """A mount namespace of our own, whose mounts go with us; False: not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return False
    private_and_all_below = 0x40000 | 0x4000
    return libc.mount(b"none", b"/", None, private_and_all_below, None) == 0


def mount_tmpfs(place: Path, size: str, again: bool = False) -> bool:
    """A small disk; `again`: its size changes, which fails below what is used."""
    libc = ctypes.CDLL(None, use_errno=True)
    remount = 0x20
    options = f"size={size}".encode()
    return libc.mount(b"none", bytes(place), b"tmpfs", remount if again else 0, options) == 0


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    state: str
    start: int
    words: tuple[str, ...]

    def send(self, number: signal.Signals) -> bool:
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.pid} {self.state} {' '.join(self.words)[:100]}"


def look_at(pid: int) -> Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    fields = stat[stat.rindex(")") + 2 :].split()
    return Process(pid, int(fields[1]), fields[0], int(fields[19]), tuple(words[:-1] or [name]))


def children(pid: int) -> list[int]:
    out = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            out += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    except OSError:
        pass  # it ended meanwhile
    return out


def below(pid: int) -> list[Process]:
    found, waiting = [], children(pid)
    while waiting:
        process = look_at(waiting.pop(0))
        if process:
            found.append(process)
            waiting += children(process.pid)
    return found


def role(process: Process) -> str:
    """assay's guardian (two processes), worker, hub client; the sandbox's processes begin with
    bwrap's."""
    words = process.words
    if "__guardian" in words:
        return "guardian"
    if "assay_worker.hub" in words:
        return "hub"
    if "fake_worker" in words:
        return "worker"
    return "sandbox" if Path(words[0]).name == "bwrap" else ""


def with_role(wanted: str, assay: int) -> list[Process]:
    """Living processes of that role below assay; below a bwrap all is the sandbox's."""
    out, sandboxed = [], set()
    for process in below(assay):
        is_sandbox = role(process) == "sandbox" or process.parent in sandboxed
        if is_sandbox:
            sandboxed.add(process.pid)
        if process.state in "ZX":
            continue
        if wanted == ("sandbox" if is_sandbox else role(process)):
            out.append(process)
    return out


def reap(but: int) -> None:
    """Takes orphans that have ended; `but` is waited for by its starter."""
    for pid in children(os.getpid()):
        process = look_at(pid)
        if process and process.state == "Z" and pid != but:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def alive(but: int) -> list[Process]:
    """What lives below us; two looks, since who changes its parent may escape one."""
    for _ in range(2):
        reap(but)
        found = [process for process in below(os.getpid()) if process.state not in "ZX"]
        if found:
            return found
    return []


def gone_within(limit_s: float, but: int) -> tuple[float, list[Process]]:
    """Waits until nothing lives below us: seconds it took, and what lives still."""
    began = time.monotonic()
    while (left := alive(but)) and time.monotonic() < began + limit_s:
        time.sleep(0.005)
    return time.monotonic() - began, left
