"""Scenes of test_cluster.py in which something goes wrong (docs/cluster.md, "What goes wrong")."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "crash"))
from nodes import ends_of, until
from processes import mount_tmpfs
from scene import LONGEST_S, MAIN, SPARE, Lab, Scene, check, holds, say
from stores import moved_clock


def tasks(repeats: int) -> dict[str, object]:
    aime = {"name": "aime24", "limit": 6, "max_gen_toks": 64, "repeats": repeats}
    return {"tasks": [aime, {"name": "gpqa_diamond", "limit": 4, "if_gated": "skip"}],
            "fidelity": {"items": 3, "max_tokens": 16}}  # fmt: skip


def answers(folder: Path) -> dict[str, int]:
    """The stored responses, each with the load that gave it. Of a copy: whoever was killed may have
    left what whoever reads brings in."""
    with tempfile.TemporaryDirectory() as name:
        for file in folder.glob("store.sqlite*"):
            shutil.copy(file, name)
        with sqlite3.connect(Path(name) / "store.sqlite") as store:
            return dict(store.execute("SELECT key, load FROM responses"))


def kept(what: str, before: dict[str, int], after: dict[str, int]) -> None:
    assert before, what
    if not before.items() <= after.items():
        raise AssertionError(f"{what}: of {len(before)} answers only "
                             f"{len(before.items() & after.items())} were kept")  # fmt: skip
    say("ok", what, "kept", len(before), "answers of", len(after))


def cancelled(lab: Lab) -> None:
    """The baseline's job is told that its time ends; the next is cancelled, by SIGTERM; the next
    hears no SIGTERM and is ended by SIGKILL after KillWait; the last goes on to its end. Its store
    is written on the node: what it hears brings it to the shared folder, SIGKILL leaves it where
    it is."""
    scene = Scene(lab, "cancelled")
    plan = scene.plan("two.json", tasks(repeats=12), ["FP8"])
    words = [*SPARE, "--scratch", str(scene.folder / "scratch")]
    shared = scene.folder / "cut/shards/bf16"
    scene.slowly()

    def submit() -> None:
        scene.done("cut", *words, plan=plan)

    def cancel() -> None:
        told = scene.assay("cancel", scene.folder / "cut")
        holds("cancel", told.stdout, "3 jobs cancelled")

    submit()
    scene.await_answers(12)
    job = scene.job("cut", "baseline")
    scene.slurm.ask("scancel", "--batch", "--signal=USR1", job)  # Slurm's own two minutes before
    scene.await_end("cut")
    check("its time has ended", scene.status("cut")["bf16"][0:5],
          ["not", "ended", job, "FAILED", "(130)"])  # fmt: skip
    by_time = answers(shared)
    submit()
    scene.await_answers(scene.answered() + 8)
    cancel()
    scene.await_end("cut")
    check("cut short", scene.status("cut")["bf16"][0:2], ["not", "ended"])
    by_term = answers(shared)
    submit()
    scene.await_answers(scene.answered() + 8)
    held = scene.slurm.hold(scene.job("cut", "baseline"))
    cancel()
    check("ended by SIGKILL", ends_of(held, LONGEST_S), {signal.SIGKILL})
    scene.await_end("cut")
    check("nothing was brought", answers(shared), by_term)
    by_kill = answers(next((scene.folder / "scratch").glob("assay-*-bf16")))
    scene.script()
    submit()
    scene.await_job("cut", "merge")
    status = scene.status("cut")
    check("goes on", [status[v][0] for v in ("bf16", "fp8")], ["complete"] * 2)
    merged = answers(scene.folder / "cut")
    kept("the end of its time", by_time, merged)
    kept("SIGTERM", by_term, merged)
    kept("SIGKILL", by_kill, merged)
    assert len(by_kill) > len(by_term) > len(by_time), (by_kill, by_term, by_time)
    check("scored", {c["scored"] for c in scene.results("cut")["tasks"][0]["cells"].values()}, {6})


def variants_fail(lab: Lab) -> None:
    """A variant cannot be loaded, another takes more memory than its job has: the rest goes on, and
    the report says which and why. The same command then runs the two alone."""
    scene = Scene(lab, "failing")
    plan = scene.plan("failing.json", tasks(repeats=2), ["FP8", "NVFP4", "W8A8"])
    variants = ["bf16", "fp8", "nvfp4", "w8a8"]
    error = {"what": "the engine cannot load this", "why": "no such kernel", "fix": "use another"}
    scene.script(models={"m-FP8": {"load_error": error},
                         "m-NVFP4": {"memory_mib": 1500, "load_s": 30}})  # fmt: skip
    words = [*SPARE, "--mem", "1000M"]
    scene.done("failing", *words, plan=plan)
    scene.await_job("failing", "merge")
    told = json.loads(scene.assay("status", scene.folder / "failing", "--json").stdout)
    jobs = {v["variant"]: (v["end"], v["job"]["state"], v["job"]["exit_code"])
            for v in told["variants"]}  # fmt: skip
    # This Slurm polls memory and ends a job by SIGKILL.
    check("how they ended", [jobs[v] for v in variants],
          [("complete", "COMPLETED", 0), ("", "FAILED", 3), ("", "FAILED", 137),
           ("complete", "COMPLETED", 0)])  # fmt: skip
    results = scene.results("failing")
    check("events", [(e["kind"], e["variant"]) for e in results["events"]],
          [("shard not ended", "fp8"), ("shard not ended", "nvfp4")])  # fmt: skip
    logs = "".join(f.read_text() for f in (scene.folder / "failing/jobs").glob("*.log"))
    holds("why", logs, "the engine cannot load this", "no such kernel", "memory limit")
    check("the others", results["pooled"]["w8a8"]["n"], 10)
    scene.script()
    holds("those that failed", scene.done("failing", *words, plan=plan), "candidates-1, 2 shards")
    scene.await_job("failing", "merge")
    results = scene.results("failing")
    check("all pairs", [results["pooled"][v]["n"] for v in variants[1:]], [10] * 3)
    check("loads", [v["loads"] for v in results["variants"]], [1] * 4)


def disk_full(lab: Lab) -> None:
    """The shared disk fills up: the job says so and ends with exit code 3, what was committed is
    kept, and the same command goes on after room is made."""
    scene = Scene(lab, "full")
    place = scene.folder / "sweep"
    place.mkdir()
    if not mount_tmpfs(place, WIDE):
        say("skipped: mounting is not allowed")
        return
    try:
        fill_a_disk(scene, place)
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


WIDE = "2g"  # a run begins where there is a GiB at least; a tmpfs takes what lies in it
LONG = {"tasks": [{"name": "aime24", "limit": 6, "max_gen_toks": 2000, "repeats": 8}]}


def fill_a_disk(scene: Scene, place: Path) -> None:
    plan = scene.plan("full.json", LONG, ["FP8"])
    shard = place / "shards/bf16"

    def others_leave(room_kib: int) -> None:
        used_kib = (shutil.disk_usage(place).used >> 10) + room_kib
        assert mount_tmpfs(place, f"{used_kib}k", again=True), used_kib

    def full() -> str:
        scene.await_end("sweep")
        told = json.loads(scene.assay("status", place, "--json").stdout)["variants"]
        ended = [(v["end"], v["job"]["state"], v["job"]["exit_code"]) for v in told]
        check("exit code", ended[0], ("", "FAILED", 3))
        check("the candidate", ended[1][:2], ("", "CANCELLED"))
        return "".join(f.read_text() for f in (place / "jobs").glob("baseline.*.log"))

    text = " ".join(str(i * 7919 % 10007) for i in range(1000))  # no two words alike
    scene.script(default={"text": "{hash} " + text, "delay_s": 0.5}, max_num_seqs=2)
    scene.done("sweep", *SPARE, plan=plan)
    scene.await_answers(16)
    others_leave(16)
    holds("its log", full(), "is full")
    committed = answers(shard)
    # Written on the node, the store is whole, and cannot be brought.
    scene.script(default={"text": "{hash} " + text})
    others_leave(100)
    words = [*SPARE, "--scratch", str(scene.folder / "scratch")]
    scene.done("sweep", *words, plan=plan)
    holds("its log", full(), "cannot be brought to")
    check("as it was", answers(shard), committed)
    assert mount_tmpfs(place, WIDE, again=True)
    scene.done("sweep", *words, plan=plan)
    scene.await_job("sweep", "merge")
    kept("a full disk", committed, answers(place))
    results = scene.results("sweep")
    check("scored", {c["scored"] for c in results["tasks"][0]["cells"].values()}, {6})
    check("loads: none after that", results["variants"][0]["loads"], 2)


def node_lost(lab: Lab) -> None:
    """The baseline's node is lost after some answers: the other one goes on where it stopped.
    Nothing else runs on these nodes."""
    scene = Scene(lab, "lost")
    plan = scene.plan("two.json", tasks(repeats=12), ["FP8"])
    scene.slowly()
    scene.done("lost", *MAIN, plan=plan)
    scene.await_answers(12)
    job, state, node = scene.status("lost")["bf16"][-3:]
    check("the baseline runs", state, "RUNNING")
    scene.slurm.kill_node(node, job)
    scene.script()
    until("the job is requeued", lambda: scene.states(job) == {"PENDING"})
    before = answers(scene.folder / "lost/shards/bf16")
    scene.slurm.ask("scontrol", "update", f"jobid={job}", "StartTime=now")
    scene.await_job("lost", "merge")
    status = scene.status("lost")
    check("after a lost node", [status[v][0] for v in ("bf16", "fp8")], ["complete"] * 2)
    assert status["bf16"][-1] != node, status
    results = scene.results("lost")
    check("scored", {c["scored"] for c in results["tasks"][0]["cells"].values()}, {6})
    check("loads of the baseline", results["variants"][0]["loads"], 2)
    kept("a lost node", before, answers(scene.folder / "lost"))


def clocks_apart(scene: Scene, shards: str) -> None:
    """A node's clock is hours behind, another's hours ahead: the merge says nothing of when its
    shards were run that cannot be, and all else is as it was."""
    hours = {"fp8-auto": -5.0, "bf16-fp8": 7.0}
    copy = scene.folder / "clocks"
    shutil.copytree(scene.folder / shards, copy)
    for folder in copy.iterdir():
        variant = folder.name.split(":")[0].split("#")[0]
        moved_clock(folder, variant, hours.get(variant, 0) * 3600)
    scene.merge("clocks", "of-clocks")
    scene.merge(shards, "of-no-clocks")
    told, expected = scene.results("of-clocks"), scene.results("of-no-clocks")
    check("begun", told["started_at"], expected["started_at"])
    check("ended", expected["started_at"] < told["ended_at"] <= expected["ended_at"], True)
    for results in (told, expected):
        for key in ("started_at", "ended_at"):
            del results[key]
    check("all else", told, expected)
