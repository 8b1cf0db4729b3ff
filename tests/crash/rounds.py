"""One round: a plan is run, hit by one fault after the other, and goes on to its end."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import evidence
import power
import processes
from evidence import Committed
from faults import DISK, FAULTS, POWER, STOP, Fault, draw, pause
from workload import ROOT, Workload, from_hub, local, serve, served, write_models, write_rows

GONE_S = 2  # after assay's end no process of the run may live longer
HEARD_S = 5  # SIGTERM, SIGINT, SIGHUP: within 1 s, but four rounds are on two cores
LONGEST_S = 60  # of a run that takes a second or two
DISK_SIZE = "1100m"  # assay wants a free gigabyte to begin


@dataclass
class Hit:
    """One fault as it happened."""

    fault: Fault
    at_s: float
    committed: int = 0
    lost: int = 0
    changed: int = 0
    gone_s: float = 0


@dataclass
class Outcome:
    number: int
    workload: str = ""
    hits: list[Hit] = field(default_factory=list)
    asked_again: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Reference:
    """A run that nothing happened to."""

    workload: Workload
    took_s: float
    report: dict
    files: set[str]
    answers: int


class Slot:
    """What one round after the other uses: a folder, models, rows, servers."""

    def __init__(self, folder: Path, assay: Path, seed: str) -> None:
        self.folder, self.assay, self.seed = folder, assay, seed
        processes.adopt_orphans()
        self.has_disk = os.geteuid() == 0 and processes.own_mounts()
        self.layer = folder.parent / "unsynced.so"
        self.has_power = self.layer.exists()
        write_rows(folder / "data")
        write_models(folder / "models")
        servers = {name: serve(name) for name in ("bf16", "fp8", "judge")}
        ports = {name: port for name, (port, _) in servers.items()}
        states = {name: state for name, (_, state) in servers.items()}
        workloads = [local(folder / "models"), from_hub(), served(ports, states)]
        self.references = [self.reference(workload) for workload in workloads]

    def reference(self, workload: Workload) -> Reference:
        run = Run(self, workload, self.folder / f"reference-{workload.name}")
        began = time.monotonic()
        run.start()
        code = run.wait(LONGEST_S)
        took_s = time.monotonic() - began
        assert code == 0, f"{workload.name} ended with {code}: {run.said()}"
        answers = len(evidence.read_committed(run.out))
        return Reference(workload, took_s, evidence.read_report(run.out),
                         evidence.files_in(run.out), answers)  # fmt: skip

    def allowed(self, reference: Reference) -> list[Fault]:
        out = []
        for fault in FAULTS:
            missing = fault.role and fault.role not in reference.workload.has
            missing = missing or (fault.target == POWER and not self.has_power)
            missing = missing or (fault.target == DISK and not self.has_disk)
            if not missing:
                out.append(fault)
        return out


class Run:
    """Runs of one plan on one folder."""

    def __init__(self, slot: Slot, workload: Workload, place: Path) -> None:
        self.slot, self.workload, self.place = slot, workload, place
        self.out, self.tmp, self.asked = place / "out", place / "tmp", place / "asked.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.pids: list[int] = []
        shutil.rmtree(place, ignore_errors=True)
        self.tmp.mkdir(parents=True)
        (place / "plan.yaml").write_text(workload.plan)

    def start(self, **env: str) -> None:
        script = {**self.workload.script, "asked_log": str(self.asked)}
        fakes = f"{ROOT}/tests/crash/stub:{ROOT}/tests/fakes"
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "ASSAY_PYTHON": str(self.slot.folder.parent / "python/bin/python3"),
            "ASSAY_GRADE_PYTHON": os.environ.get("ASSAY_GRADE_PYTHON",
                                                 f"{ROOT}/.venv-grade/bin/python3"),
            "ASSAY_GRADERS": "2" if self.workload.name == "local" else "1",
            "ASSAY_FAKE_SCRIPT": json.dumps(script),
            "CRASH_MODELS": str(self.slot.folder / "models"),
            "PYTHONPATH": fakes,
            "PYTHONPYCACHEPREFIX": str(self.slot.folder.parent / "pycache"),
            "XDG_CACHE_HOME": str(self.slot.folder / "cache"),
            "HF_HOME": str(self.slot.folder / "cache"),
            "TMPDIR": str(self.tmp),
            **env,
        }  # fmt: skip
        data = self.slot.folder / "data"
        command = [self.slot.assay, "run", self.place / "plan.yaml", "--data", data,
                   "--out", self.out]  # fmt: skip
        with open(self.place / f"said.{len(self.pids)}", "wb") as said:
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=said, stderr=said, start_new_session=True,
                                            cwd=self.place)  # fmt: skip
        self.pids.append(self.process.pid)

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def ended(self) -> int | None:
        assert self.process
        return self.process.poll()

    def wait(self, limit_s: float) -> int | None:
        """Exit code; None: it runs still."""
        end = time.monotonic() + limit_s
        while (code := self.ended()) is None and time.monotonic() < end:
            time.sleep(0.005)
        return code

    def said(self) -> str:
        return (self.place / f"said.{len(self.pids) - 1}").read_text(errors="replace")[-1500:]

    def stop_all(self) -> None:
        """After a failure: nothing of this round may disturb the next."""
        for _ in range(50):
            left = processes.alive(but=-1)
            if not left:
                return
            for process in left:
                process.send(processes.signal.SIGKILL)
            time.sleep(0.02)
            self.ended()

    def cgroups(self) -> list[str]:
        ours = tuple(f"assay-sandbox.{pid}." for pid in self.pids)
        found = []
        for folder, names, _ in os.walk("/sys/fs/cgroup"):  # passes over what goes meanwhile
            found += [f"{folder}/{name}" for name in names if name.startswith(ours)]
        return found


class Round:
    def __init__(self, slot: Slot, number: int) -> None:
        self.slot, self.rng = slot, random.Random(f"{slot.seed}/{number}")
        self.reference = self.rng.choice([r for r in slot.references if slot.allowed(r)])
        self.faults = draw(self.rng, slot.allowed(self.reference))
        self.outcome = Outcome(number, self.reference.workload.name)
        self.run = Run(slot, self.reference.workload, slot.folder / f"round-{number}")
        self.looks: list[tuple[float, Committed]] = []
        self.kept = Committed()
        self.began = time.monotonic()

    def problem(self, text: str) -> None:
        self.outcome.problems.append(text)

    def play(self) -> Outcome:
        for state in self.reference.workload.servers.values():
            with state.lock:
                state.seen.clear()
        try:
            ended = False
            for fault in self.faults:
                if ended:
                    break
                ended = self.one(fault)
            self.finish(ended)
        except Exception as problem:  # a broken store, a file that is not there
            self.problem(f"{type(problem).__name__}: {problem}")
        finally:
            self.run.stop_all()
            if os.path.ismount(self.run.place / "disk"):
                subprocess.run(["umount", "-l", self.run.place / "disk"], check=True)
        if not self.outcome.problems:
            shutil.rmtree(self.run.place)
        return self.outcome

    # ------------------------------------------------ one run with one fault
    def one(self, fault: Fault) -> bool:
        """True: the run came to its end."""
        self.looks.append((time.monotonic(), self.kept))
        if fault.target == DISK:
            return self.full_disk(fault)
        notes = self.run.place / "notes"
        notes.unlink(missing_ok=True)
        before = power.Files.read(self.run.out)
        if fault.target == POWER:
            pages = self.rng.choice(("1000", "20", "5"))
            self.run.start(LD_PRELOAD=str(self.slot.layer), UNSYNCED_LOG=str(notes),
                           UNSYNCED_CHECKPOINT=pages)  # fmt: skip
        else:
            self.run.start()
        hit, seen = self.strike(fault)
        if hit is None:
            return self.went_on()
        self.outcome.hits.append(hit)
        if not fault.ends_assay:
            return self.went_on()
        self.must_be_gone(hit)
        if fault.target == POWER:
            power.fail(before, self.run.out, notes, self.rng)
        self.compare(hit, seen)
        return False

    def strike(self, fault: Fault) -> tuple[Hit | None, Committed]:
        """Waits for the moment, looks at what is committed, and sends the signals. No Hit: the run
        was over before."""
        started = time.monotonic()
        after_s = 0 if fault.target == "hub" else self.moment_s()
        while time.monotonic() < started + after_s and self.run.ended() is None:
            time.sleep(0.002)
        target = self.target(fault)
        if target is None:
            return None, Committed()
        hit = Hit(fault, time.monotonic() - started)
        if fault.target == POWER:  # stopped, so that the look and the failure are one moment
            os.kill(self.run.pid, STOP)
        seen = self.look()
        signals = fault.signals or (processes.signal.SIGKILL,)
        for number in signals:
            if fault.target == "group":
                os.killpg(self.run.pid, number)
            else:
                target.send(number)
            pause(self.rng, number)
        hit.committed = len(seen)
        return hit, seen

    def moment_s(self) -> float:
        """Somewhere in what is left of the run, start and report included. The reference took
        longer: it ran beside others and compiled the Python files."""
        left = max(0.3, 1 - len(self.kept) / self.reference.answers)
        return 0.75 * self.rng.random() * left * self.reference.took_s

    def target(self, fault: Fault) -> processes.Process | None:
        while self.run.ended() is None:
            if not fault.role:
                return processes.look_at(self.run.pid)
            found = processes.with_role(fault.role, self.run.pid)
            if found:
                return self.rng.choice(found)
            time.sleep(0.01)
        return None

    def look(self) -> Committed:
        try:
            seen = evidence.read_committed(self.run.out)
        except evidence.sqlite3.OperationalError:
            return Committed()  # it is just being opened
        self.looks.append((time.monotonic(), seen))
        return seen

    def must_be_gone(self, hit: Hit) -> None:
        began = time.monotonic()
        number = hit.fault.signals[-1] if hit.fault.signals else processes.signal.SIGKILL
        limit_s = GONE_S if number == processes.signal.SIGKILL else HEARD_S
        code = self.run.wait(limit_s)
        if code is None:
            self.problem(f"{hit.fault.name}: assay runs {limit_s} s later")
            self.run.stop_all()
            return
        if code not in (-number, 130, 0):
            self.problem(f"{hit.fault.name}: exit code {code}: {self.run.said()}")
        _, left = processes.gone_within(GONE_S, self.run.pid)
        hit.gone_s = time.monotonic() - began
        if left:
            self.problem(f"{hit.fault.name}: alive: {'; '.join(map(str, left))}")
        self.nothing_in_tmp(hit.fault.name)

    def compare(self, hit: Hit, seen: Committed) -> None:
        now = evidence.read_copy(self.run.out, self.run.place / "copy")
        for earlier in (self.kept, seen):
            lost, changed = earlier.missing_in(now)
            hit.lost, hit.changed = max(hit.lost, lost), max(hit.changed, changed)
        if hit.lost or hit.changed:
            self.problem(f"{hit.fault.name}: {hit.lost} lost, {hit.changed} changed "
                         f"of {len(seen)} committed")  # fmt: skip
        self.kept = now

    def went_on(self) -> bool:
        """A fault that assay survives, or one that came too late."""
        code = self.run.wait(LONGEST_S)
        said = self.run.said()
        if code not in (0, 3):
            self.problem(f"exit code {code} after {self.names()}: {said}")
            raise RuntimeError("the run did not end as it should")
        if code == 3 and not all(word in said for word in ("error: ", "why: ", "do: ")):
            self.problem(f"exit code 3 without three lines: {said}")
        _, left = processes.gone_within(GONE_S, self.run.pid)
        if left:
            self.problem(f"alive after the end: {'; '.join(map(str, left))}")
        self.nothing_in_tmp("the end")
        now = evidence.read_copy(self.run.out, self.run.place / "copy")
        lost, changed = self.kept.missing_in(now)
        if lost or changed:
            self.problem(f"after {self.names()}: {lost} lost, {changed} changed")
            for hit in self.outcome.hits[-1:]:
                hit.lost, hit.changed = lost, changed
        self.kept = now
        return code == 0

    # ------------------------------------------------ the full disk
    def full_disk(self, fault: Fault) -> bool:
        place = self.run.place
        disk = place / "disk"
        if not disk.exists():
            self.move_to(disk)
        self.run.start()
        started = time.monotonic()
        after_s = self.moment_s()
        while time.monotonic() < started + after_s and self.run.ended() is None:
            time.sleep(0.002)
        if self.run.ended() is None:
            hit = Hit(fault, time.monotonic() - started)
            hit.committed = len(self.look())
            self.shrink(disk)
            self.outcome.hits.append(hit)
        code = self.run.wait(LONGEST_S)
        said = self.run.said()
        assert processes.mount_tmpfs(disk, DISK_SIZE, again=True), "cannot make room"
        named = ("is full", "No space", "too little space")
        if code == 3 and not any(words in said for words in named):
            self.problem(f"a full disk is not named: {said}")
        return self.went_on()

    def move_to(self, disk: Path) -> None:
        disk.mkdir()
        assert processes.mount_tmpfs(disk, DISK_SIZE), "cannot mount a tmpfs"
        if self.run.out.exists():
            shutil.copytree(self.run.out, disk / "out", symlinks=True)
        self.run.out = disk / "out"

    def shrink(self, disk: Path) -> None:
        """To what is used, and a few pages."""
        room = self.rng.choice((0, 4, 16, 64))
        for _ in range(1000):
            state = os.statvfs(disk)
            used = (state.f_blocks - state.f_bfree) * state.f_frsize // 1024
            if processes.mount_tmpfs(disk, f"{max(4, used + room)}k", again=True):
                return
        raise RuntimeError("the disk cannot be made small")

    # ------------------------------------------------ the end
    def finish(self, ended: bool) -> None:
        for _ in range(3):
            if ended:
                break
            self.looks.append((time.monotonic(), self.kept))
            self.run.start()
            ended = self.went_on()
        if not ended:
            self.problem(f"does not come to its end after {self.names()}: {self.run.said()}")
            return
        # Reading back is given up where its engine dies; the same command makes up for it.
        if any(hit.fault.kills_engine for hit in self.outcome.hits):
            self.looks.append((time.monotonic(), self.kept))
            self.run.start()
            self.went_on()
        found = evidence.differences(self.reference.report, evidence.read_report(self.run.out))
        if found:
            self.problem(f"the report differs after {self.names()}: {found[:5]}")
        files = evidence.files_in(self.run.out) ^ self.reference.files
        if files:
            self.problem(f"files differ after {self.names()}: {sorted(files)[:10]}")
        if self.run.cgroups():
            self.problem(f"left after {self.names()}: {self.run.cgroups()}")
        self.ask_once()

    def ask_once(self) -> None:
        workload = self.reference.workload
        prompts = evidence.prompts_of_answers(self.run.out, workload)
        asks = evidence.read_asked(self.run.asked, workload, self.began)
        again = evidence.asked_again(asks, self.looks, prompts)
        self.outcome.asked_again = len(again)
        if again:
            self.problem(f"asked again after {self.names()}: {again[:3]}")

    def nothing_in_tmp(self, when: str) -> None:
        left = sorted(path.name for path in self.run.tmp.iterdir())
        if left:
            self.problem(f"in TMPDIR after {when}: {left[:5]}")

    def names(self) -> str:
        hits = [f"{hit.fault.name} at {hit.at_s:.2f} s" for hit in self.outcome.hits]
        return "; ".join(hits) or "no fault"
