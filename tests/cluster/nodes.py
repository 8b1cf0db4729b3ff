"""A Slurm of its own on this host (`slurm`, beside this file), and how a node of it is lost."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

SLURM = Path(__file__).parent / "slurm"

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207  # ptrace(2), which Python does not have
WAIT_ALL = 0x40000000  # __WALL of waitpid(2)


def until(what: str, true: Callable[[], bool], seconds: float = 60, every: float = 0.2) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(every)


def name_of(pid: int) -> str:
    """Empty: it has ended, or waits to be reaped."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""
    return "" if "State:\tZ" in status else status.split()[1]


def threads_of(pid: int) -> set[int]:
    return {int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()}


def parent(pid: int) -> int:
    """Its parent, where that is the process by which Slurm keeps a job; else itself."""
    status = Path(f"/proc/{pid}/status").read_text()
    above = int(status.split("PPid:")[1].split()[0])
    return above if "slurmstepd" in Path(f"/proc/{above}/comm").read_text() else pid


class OwnSlurm:
    """One slurmctld and two slurmd, from `with` to its end. `env` is what Slurm's commands, and
    assay, are started with."""

    def __init__(self, folder: Path, env: dict[str, str], *more: str) -> None:
        self.folder = folder
        self.env = env
        self.more = more

    def __enter__(self) -> OwnSlurm:
        started = subprocess.run([SLURM, "start", self.folder, *self.more], check=True,
                                 stdout=subprocess.PIPE, text=True)  # fmt: skip
        self.env["SLURM_CONF"] = started.stdout.strip().removeprefix("export SLURM_CONF=")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([SLURM, "stop", self.folder], check=True)

    def ask(self, *words: str) -> None:
        subprocess.run(words, env=self.env, check=True)

    def processes_of(self, job: str) -> list[int]:
        """Of a job of this Slurm."""
        marks = {f"SLURM_CONF={self.env['SLURM_CONF']}", f"SLURM_JOB_ID={job}"}
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                environment = (process / "environ").read_bytes().decode(errors="replace")
                if marks <= set(environment.split("\0")):
                    found.append(int(process.name))
        assert found, job
        return found

    def kill_node(self, node: str, job: str) -> None:
        """As if its power went: its daemon, the job's keeper, and all that the job started."""
        os.kill(int((self.folder / f"slurmd.{node}.pid").read_text()), signal.SIGKILL)
        started = self.processes_of(job)
        # Who keeps the job would tell the controller how it ended.
        for pid in [*{parent(p) for p in started} - set(started), *started]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=lost")

    def bring_back(self, node: str) -> None:
        """Its daemon registers with the controller, which then uses the node again."""
        subprocess.run([SLURM, "node", self.folder, node], check=True)

    def hold(self, job: str) -> list[int]:
        """The job's assay stands still from now on: the threads that `ends_of` takes. Traced,
        because Slurm sends SIGCONT before SIGTERM, which would wake one stopped by SIGSTOP; all
        of them, because any that runs may hear the signal."""
        processes = [pid for pid in self.processes_of(job) if name_of(pid) == "assay"]
        assert processes, job
        ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        held: list[int] = []
        while begun := {t for pid in processes for t in threads_of(pid)} - set(held):
            for thread in begun:
                for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
                    if ptrace(request, thread, None, None) != 0:
                        raise OSError(ctypes.get_errno(), f"thread {thread} cannot be traced")
                os.waitpid(thread, WAIT_ALL)
                held.append(thread)
        return held


def ends_of(held: list[int], seconds: float) -> set[int]:
    """Waits until the threads that are held have ended; the signals that ended them, 0: none."""
    ends: dict[int, int] = {}

    def all_ended() -> bool:
        for pid in set(held) - set(ends):
            found, status = os.waitpid(pid, os.WNOHANG | WAIT_ALL)
            if found and not os.WIFSTOPPED(status):
                ends[pid] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        return len(ends) == len(held)

    until("who is held ends", all_ended, seconds)
    return set(ends.values())
