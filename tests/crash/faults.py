"""The faults: what happens to which process of a run."""

from __future__ import annotations

import random
import signal
import time
from dataclasses import dataclass

KILL, TERM, INT, HUP = signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP
STOP, CONT = signal.SIGSTOP, signal.SIGCONT

# Of assay's own death, and of none of these, assay must be dead afterwards.
ENDS = (KILL, TERM, INT, HUP)


@dataclass(frozen=True)
class Fault:
    target: str  # assay, its group, or a role of a process below it
    signals: tuple[signal.Signals, ...]
    weight: int

    @property
    def name(self) -> str:
        if not self.signals:
            return self.target
        return f"{self.target} {', '.join(number.name for number in self.signals)}"

    @property
    def ends_assay(self) -> bool:
        hit = self.target in ("assay", "group", POWER)
        return hit and (not self.signals or self.signals[-1] in ENDS)

    @property
    def kills_engine(self) -> bool:
        return self.target in ("guardian", "worker") and self.signals[-1] in ENDS

    @property
    def role(self) -> str:
        """Of the process it needs beside assay."""
        return "" if self.target in ("assay", "group", POWER, DISK) else self.target


POWER = "power failure"
DISK = "full disk"

FAULTS = [
    Fault("assay", (KILL,), 10),
    Fault("assay", (TERM,), 4),
    Fault("assay", (INT,), 4),
    Fault("assay", (HUP,), 2),
    Fault("assay", (STOP, KILL), 3),
    Fault("assay", (STOP, CONT), 2),
    Fault("group", (KILL,), 3),
    Fault("group", (TERM,), 2),
    Fault("group", (INT,), 2),
    Fault("guardian", (KILL,), 2),
    Fault("guardian", (TERM,), 1),
    Fault("guardian", (INT,), 1),
    Fault("guardian", (STOP, KILL), 1),
    Fault("guardian", (STOP, CONT), 1),
    Fault("worker", (KILL,), 2),
    Fault("worker", (TERM,), 1),
    Fault("worker", (INT,), 1),
    Fault("worker", (STOP, KILL), 1),
    Fault("worker", (STOP, CONT), 1),
    Fault("hub", (KILL,), 1),
    Fault("hub", (TERM,), 1),
    Fault("hub", (STOP, CONT), 1),
    Fault("sandbox", (KILL,), 3),
    Fault("sandbox", (TERM,), 1),
    Fault("sandbox", (INT,), 1),
    Fault("sandbox", (STOP, KILL), 1),
    Fault("sandbox", (STOP, CONT), 1),
    Fault(POWER, (), 10),
    Fault(DISK, (), 3),
]


def draw(rng: random.Random, allowed: list[Fault]) -> list[Fault]:
    """One to five faults, one after the other on the same folder. An engine dies of at most one: of
    more deaths it is right to accuse the request that was in flight."""
    out: list[Fault] = []
    for _ in range(rng.choice((1, 2, 3, 4, 5))):
        fault = rng.choices(allowed, [fault.weight for fault in allowed])[0]
        if not (fault.kills_engine and any(other.kills_engine for other in out)):
            out.append(fault)
    return out


def pause(rng: random.Random, number: signal.Signals) -> None:
    """A stopped process stays so for a moment."""
    if number == STOP:
        time.sleep(rng.choice((0.0, 0.02, 0.1, 0.3)))
