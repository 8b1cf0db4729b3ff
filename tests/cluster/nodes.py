"""A Slurm of its own on this host (`slurm`, beside this file), and how a node of it is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

SLURM = Path(__file__).parent / "slurm"


def until(what: str, true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.2)


def name_of(pid: int) -> str:
    """Empty: it has ended, or waits to be reaped."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""
    return "" if "State:\tZ" in status else status.split()[1]


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
        """Stops the job's assay where it stands, so that it hears no SIGTERM; its processes."""
        held = [pid for pid in self.processes_of(job) if name_of(pid) == "assay"]
        assert held, job
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        return held
