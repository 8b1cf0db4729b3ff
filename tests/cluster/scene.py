"""What the scenes of test_cluster.py share: a Slurm, models, and a folder for each with a plan and
an engine's script of its own, so that several go on side by side."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nodes import OwnSlurm, until
from stores import scrub

PLAN = """name: {name}
engine: {{kind: scripted, max_model_len: 4096}}
matrix:
  models: [{{name: bf16, model: {models}/m}}, {{name: fp8, model: {models}/m-FP8}}]
  engine: {{kv_cache_dtype: [auto, fp8]}}
  baseline: bf16-auto
tasks:
  - {{name: aime24, limit: 6, max_gen_toks: 64, repeats: 2}}
  - {{name: gpqa_diamond, limit: 4, if_gated: skip}}
fidelity: {{items: 3, max_tokens: 16}}
seed: {seed}
"""
VARIANTS = ["bf16-auto", "bf16-fp8", "fp8-auto", "fp8-fp8"]
LONGEST_S = 180  # of a wait for jobs, on a machine that others use, too
SELDOM_S = 0.5  # between two questions to Slurm, each of which costs the machine something


def say(*words: object) -> None:
    print(f"{threading.current_thread().name}:", *words, flush=True)


def check(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")
    say("ok", what)


def holds(what: str, text: str, *parts: str) -> None:
    for part in parts:
        if part not in text:
            raise AssertionError(f"{what}: no {part!r} in {text}")
    say("ok", what)


class Lab:
    """Models, a Slurm of two times two nodes that ends jobs over their memory, and assay."""

    def __init__(self, folder: Path, assay: str, root: Path) -> None:
        self.folder, self.assay, self.root = folder, assay, root
        self.env = {
            **os.environ,
            "ASSAY_PYTHON": str(root / ".venv/bin/python3"),
            "ASSAY_SCRIPTED_WORKER": str(root / "tests/fakes/fake_worker.py"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        for name in ("m", "m-FP8", "m-NVFP4", "m-W8A8"):
            model = folder / "models" / name
            model.mkdir(parents=True)
            (model / "config.json").write_text(json.dumps({"architectures": [name]}))
            (model / "tokenizer.json").write_text("{}")
            (model / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
        self.slurm = OwnSlurm(folder / "slurm", self.env, "4", "memory", "spare")


# The nodes n1 and n2, of a sweep that has them for itself; n3 and n4, of all others together.
MAIN = ["--on", "slurm", "--partition", "main"]
SPARE = ["--on", "slurm", "--partition", "spare"]


class Scene:
    """A folder with plans, and with what the scripted engine does in it."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab, self.slurm = lab, lab.slurm
        self.folder = lab.folder / name
        self.folder.mkdir()
        self.log = self.folder / "answered"
        self.script_file = self.folder / "script.json"
        self.own_env: dict[str, str] = {}
        self.script()
        self.matrix("plan.yaml", 0)

    @property
    def env(self) -> dict[str, str]:
        return {**self.lab.env, "ASSAY_FAKE_SCRIPT": str(self.script_file), **self.own_env}

    def beside(self) -> Scene:
        """The same folder, for what goes on there at the same time with an engine that does as it
        does first of all."""
        other = copy.copy(self)
        other.own_env = {}
        other.script_file = self.folder / "script-beside.json"
        other.script()
        return other

    def script(self, **keys: object) -> None:
        """What the engine does: half of the answers of a model are its own."""
        keys = {"noise": 0.5, "answered_log": str(self.log), **keys}
        self.script_file.write_text(json.dumps(keys))

    def slowly(self) -> None:
        """Four answers a second, so that something can happen meanwhile."""
        self.script(default={"text": "{hash}", "delay_s": 0.5}, max_num_seqs=2)

    def matrix(self, name: str, seed: int) -> Path:
        """A plan of four variants."""
        file = self.folder / name
        text = PLAN.format(name=self.folder.name, models=self.lab.folder / "models", seed=seed)
        file.write_text(text)
        return file

    def plan(self, name: str, values: dict[str, object], formats: list[str]) -> str:
        """A plan of bf16 and variants in these formats; YAML has room for JSON."""
        models = self.lab.folder / "models"
        variants = [{"name": "bf16", "model": f"{models}/m", "baseline": True}] + [
            {"name": f.lower(), "model": f"{models}/m-{f}"} for f in formats
        ]
        values = {"name": self.folder.name, "engine": {"kind": "scripted", "max_model_len": 4096},
                  **values, "variants": variants}  # fmt: skip
        (self.folder / name).write_text(json.dumps(values))
        return name

    # --- assay

    def assay(self, *words: object) -> subprocess.CompletedProcess[str]:
        command = [self.lab.assay, *map(str, words)]
        return subprocess.run(command, env=self.env, check=False, capture_output=True, text=True)

    def run(
        self, out: str, *words: object, plan: str = "plan.yaml"
    ) -> subprocess.CompletedProcess[str]:
        return self.assay("run", self.folder / plan, "--data", self.lab.root / "data", "--out",
                          self.folder / out, *words)  # fmt: skip

    def done(self, out: str, *words: object, plan: str = "plan.yaml") -> str:
        done = self.run(out, *words, plan=plan)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def merge(self, shards: str, out: str, *words: str) -> str:
        told = self.assay("merge", self.folder / shards, "--out", self.folder / out, *words)
        assert told.returncode == 0, told.stderr
        return told.stdout

    def status(self, out: str) -> dict[str, list[str]]:
        """Of each variant what `assay status` says, by its columns."""
        told = self.assay("status", self.folder / out)
        assert told.returncode == 0, told.stderr
        rows = [line.split() for line in told.stdout.splitlines()]
        return {row[0]: row[1:] for row in rows if row}

    def results(self, out: str) -> dict[str, object]:
        return json.loads((self.folder / out / "results.json").read_text())

    def answered(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def timeless(self, out: str, in_parts: bool = False) -> dict[str, bytes]:
        """Every file of the report, made of the store with its times taken out; `in_parts`: and
        with how many loads there were of each variant."""
        place = self.folder / f"{out}-timeless{'-parts' if in_parts else ''}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        shutil.copy(self.folder / out / "store.sqlite", place)
        scrub(place, in_parts)
        told = self.assay("report", place)
        assert told.returncode == 0, told.stderr
        files = [f for f in place.rglob("*") if f.is_file() and not f.name.startswith("store.")]
        return {str(f.relative_to(place)): f.read_bytes() for f in files}

    # --- jobs on two of the nodes, of which Slurm itself is asked: that is quicker while one waits

    def job(self, out: str, name: str) -> str:
        """The number of the job of this name."""
        jobs = json.loads((self.folder / out / "sweep.json").read_text())["jobs"]
        return next(job["id"] for job in jobs if job["name"] == name)

    def states(self, *ids: str) -> set[str]:
        words = ["squeue", "--noheader", "--states=all", "--format=%T", f"--jobs={','.join(ids)}"]
        told = subprocess.run(words, env=self.env, check=True, stdout=subprocess.PIPE, text=True)
        return set(told.stdout.split())

    def await_end(self, out: str) -> None:
        """No job waits or runs, nor is what one started still being cleared away."""
        jobs = json.loads((self.folder / out / "sweep.json").read_text())["jobs"]
        ids = [job["id"] for job in jobs]
        going_on = {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING"}
        until(f"the end of {out}", lambda: not self.states(*ids) & going_on, LONGEST_S, SELDOM_S)

    def await_job(self, out: str, name: str) -> None:
        """That it ends well."""
        job = self.job(out, name)

        def completed() -> bool:
            states = self.states(job)
            if states & {"FAILED", "CANCELLED", "TIMEOUT"}:
                logs = (self.folder / out / "jobs").glob("*.log")
                raise AssertionError(f"{name} of {out}: {states}; {[f.read_text() for f in logs]}")
            return states == {"COMPLETED"}

        until(f"the {name} of {out}", completed, LONGEST_S, SELDOM_S)

    def await_answers(self, more_than: int) -> None:
        until("some answers", lambda: self.answered() > more_than, LONGEST_S)


def same_report(what: str, one: dict[str, bytes], other: dict[str, bytes]) -> None:
    check(f"{what}: files", sorted(other), sorted(one))
    for name in one:
        if one[name] != other[name]:
            lines = zip(one[name].splitlines(), other[name].splitlines(), strict=False)
            first = next(((a, b) for a, b in lines if a != b), "its length")
            raise AssertionError(f"{what}: {name} differs: {str(first)[:2000]}")
    assert len(one) > 6
    say("ok", what)


def side_by_side(**lanes: Callable[[], object]) -> None:
    """Ends when all have; the first that failed is told."""

    def timed(name: str, lane: Callable[[], object]) -> None:
        threading.current_thread().name = name
        started = time.monotonic()
        lane()
        say(f"{time.monotonic() - started:.0f} s")

    with ThreadPoolExecutor(len(lanes)) as pool:
        told = [pool.submit(timed, *lane) for lane in lanes.items()]
    for one in told:
        one.result()
