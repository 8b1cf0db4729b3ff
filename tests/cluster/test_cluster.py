"""A sweep on a real Slurm of two nodes on this machine, with the scripted engine: its report is one
machine's to the byte, times aside; it goes on after a cancelled job and a lost node.

usage: test_cluster.py ASSAY ROOT     (exit code 77: no Slurm here, or not root)
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from nodes import OwnSlurm, ends_of, until
from stores import scrub

ASSAY, ROOT = sys.argv[1], Path(sys.argv[2])

PLAN = """name: sweep
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
NOISE = "compare.noise_floor=true"
VARIANTS = ["bf16-auto", "bf16-fp8", "fp8-auto", "fp8-fp8"]


def check(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")
    print("ok", what, flush=True)


def holds(what: str, text: str, *parts: str) -> None:
    for part in parts:
        if part not in text:
            raise AssertionError(f"{what}: no {part!r} in {text}")
    print("ok", what, flush=True)


class Scene:
    """A folder with models, plans and what the scripted engine does, and a Slurm."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "ASSAY_PYTHON": str(ROOT / ".venv/bin/python3"),  # with Math-Verify
            "ASSAY_SCRIPTED_WORKER": str(ROOT / "tests/fakes/fake_worker.py"),
            "ASSAY_FAKE_SCRIPT": str(folder / "script.json"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        for name in ("m", "m-FP8"):
            model = folder / "models" / name
            model.mkdir(parents=True)
            (model / "config.json").write_text(json.dumps({"architectures": [name]}))
            (model / "tokenizer.json").write_text("{}")
            (model / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
        self.slurm = OwnSlurm(folder / "slurm", self.env)
        self.script()
        self.plan("plan.yaml", 0)

    def script(self, **keys: object) -> None:
        """What the engine does: half of the answers of a model are its own."""
        (self.folder / "script.json").write_text(json.dumps({"noise": 0.5, **keys}))

    def plan(self, name: str, seed: int) -> Path:
        file = self.folder / name
        file.write_text(PLAN.format(models=self.folder / "models", seed=seed))
        return file

    def assay(self, *words: object) -> subprocess.CompletedProcess[str]:
        command = [ASSAY, *map(str, words)]
        return subprocess.run(command, env=self.env, check=False, capture_output=True, text=True)

    def run(
        self, out: str, *words: object, plan: str = "plan.yaml"
    ) -> subprocess.CompletedProcess[str]:
        return self.assay("run", self.folder / plan, "--data", ROOT / "data", "--out",
                          self.folder / out, *words)  # fmt: skip

    def done(self, out: str, *words: object) -> str:
        done = self.run(out, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def status(self, out: str) -> dict[str, list[str]]:
        """Of each variant what `assay status` says, by its columns."""
        told = self.assay("status", self.folder / out)
        assert told.returncode == 0, told.stderr
        rows = [line.split() for line in told.stdout.splitlines()]
        return {row[0]: row[1:] for row in rows if row}

    def ended(self, out: str) -> bool:
        """No job runs, nor is what one started still being cleared away."""
        told = str(self.status(out))
        return "RUNNING" not in told and "COMPLETING" not in told

    def merged(self, out: str) -> bool:
        return self.status(out)["(merge)"][1] == "COMPLETED"

    def timeless(self, out: str, in_parts: bool = False) -> dict[str, bytes]:
        """Every file of the report, made of the store with its times taken out; `in_parts`: and
        with how many loads there were of each variant."""
        copy = self.folder / f"{out}-timeless"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        shutil.copy(self.folder / out / "store.sqlite", copy)
        scrub(copy, in_parts)
        told = self.assay("report", copy)
        assert told.returncode == 0, told.stderr
        files = [f for f in copy.rglob("*") if f.is_file() and not f.name.startswith("store.")]
        return {str(f.relative_to(copy)): f.read_bytes() for f in files}


def same_report(what: str, one: dict[str, bytes], other: dict[str, bytes]) -> None:
    check(f"{what}: files", sorted(other), sorted(one))
    for name in one:
        if one[name] != other[name]:
            raise AssertionError(f"{what}: {name} differs")
    assert len(one) > 6
    print("ok", what, flush=True)


def refusals(scene: Scene) -> None:
    def refused(
        what: str, code: int, *parts: str, words: list[str], plan: str = "plan.yaml"
    ) -> None:
        told = scene.run("refused", "--on", "slurm", *words, plan=plan)
        check(what, told.returncode, code)
        holds(what, told.stderr, *parts)

    refused(
        "no such partition", 2, "no partition 'gold'", "it has main", words=["--partition", "gold"]
    )
    refused("too little time", 2, "--time 30m 00s is less", "1h 10m 00s",
            words=["--budget", "1h", "--time", "30m"])  # fmt: skip
    refused("not in shards", 2, "until: decided",
            words=["--budget", "1h", "--until", "decided", "--task-groups", "2"])  # fmt: skip
    path = scene.env["PATH"]
    scene.env["PATH"] = "/nonexistent"
    refused("no Slurm", 3, "sinfo cannot be started", words=[])
    scene.env["PATH"] = path
    assert not (scene.folder / "refused").exists()
    check("no sweep", scene.assay("status", scene.folder).returncode, 2)


def by_hand(scene: Scene, one: dict[str, bytes]) -> None:
    base = scene.folder / "hand/bf16-auto"
    scene.done("hand/bf16-auto", "--shard", "bf16-auto")
    scene.done("hand/fp8", "--shard", "fp8-fp8,fp8-auto", "--baseline-from", base)
    few = scene.assay("merge", scene.folder / "hand", "--out", scene.folder / "by-hand")
    holds("a variant without a shard", few.stderr, "no shard answers for bf16-fp8")
    scene.done("hand/kv", "--shard", "bf16-fp8", "--baseline-from", base)
    told = scene.assay("merge", scene.folder / "hand", "--out", scene.folder / "by-hand")
    assert told.returncode == 0, told.stderr
    same_report("shards by hand", one, scene.timeless("by-hand"))


def parts_by_hand(scene: Scene) -> None:
    """Variants in parts, the baseline's and others', in any order: one machine's report, but for how
    often each variant was loaded."""
    scene.done("noisy", "--set", NOISE)
    one = scene.timeless("noisy", in_parts=True)
    baseline = ["bf16-auto:aime24#0", "bf16-auto:aime24#1", "bf16-auto:gpqa_diamond"]
    others = ["fp8-fp8:gpqa_diamond", "fp8-fp8:aime24", "fp8-auto#1", "bf16-fp8", "fp8-auto#0"]
    told: list[object] = []
    for part in baseline + others:
        scene.done(f"parts/{part}", "--set", NOISE, "--shard", part, *told)
        if part in baseline:
            told += ["--baseline-from", scene.folder / "parts" / part]
    missing = scene.run("parts/x", "--set", NOISE, "--shard", "fp8-fp8", *told[:2])
    holds("needs all of the baseline", missing.stderr, "not have the baseline's bf16-auto:aime24#1")
    merge = ["merge", scene.folder / "parts", "--out", scene.folder / "of-parts"]
    away = scene.folder / "parts/fp8-auto#1"
    away.rename(scene.folder / "away")
    few = scene.assay(*merge)
    check("a part is missing", few.returncode, 2)
    holds("a part is missing", few.stderr, "no shard answers for fp8-auto:aime24#1")
    (scene.folder / "away").rename(away)
    whole = scene.assay(*merge)
    assert whole.returncode == 0, whole.stderr
    same_report("parts by hand", one, scene.timeless("of-parts", in_parts=True))


JUDGED = {
    "name": "judged",
    "engine": {"kind": "scripted", "max_model_len": 4096},
    "tasks": [{"name": "hle", "max_gen_toks": 60, "options": {"judge": "baseline"}},
              {"name": "gpqa_diamond", "limit": 4, "if_gated": "skip"}],
}  # fmt: skip
VERDICTS = {"contains": "Reply in three lines", "texts": ["Correct: yes", "Correct: no"]}


def other_plan(scene: Scene, name: str, values: dict[str, object]) -> str:
    """A plan of two variants; YAML has room for JSON."""
    models = scene.folder / "models"
    variants = [{"name": "bf16", "model": f"{models}/m", "baseline": True},
                {"name": "fp8", "model": f"{models}/m-FP8"}]  # fmt: skip
    (scene.folder / name).write_text(json.dumps({**values, "variants": variants}))
    return name


def judge_by_hand(scene: Scene) -> None:
    """Shards ask no judge; on the merged folder it is asked, by the same run or by --judge-only."""
    plan = other_plan(scene, "judged.json", JUDGED)
    log = scene.folder / "judge-answers"
    scene.script(rules=[VERDICTS], answered_log=str(log))

    def asked() -> int:
        return log.read_text().count("Decide whether") if log.exists() else 0

    def done(out: str, *words: object) -> None:
        told = scene.run(out, *words, plan=plan)
        assert told.returncode == 0, told.stderr

    done("judged-one")
    one, by_one = scene.timeless("judged-one"), asked()
    assert by_one > 1, by_one
    done("judged/bf16", "--shard", "bf16")
    done("judged/fp8", "--shard", "fp8", "--baseline-from", scene.folder / "judged/bf16")
    check("shards ask no judge", asked(), by_one)
    merge = ["merge", scene.folder / "judged", "--out"]
    told = scene.assay(*merge, scene.folder / "judged-of-two")
    holds("what to do", told.stdout, "--judge-only")
    done("judged-of-two", "--judge-only")
    check("the judge is asked", asked(), 2 * by_one)
    same_report("judged alone", one, scene.timeless("judged-of-two"))
    assert scene.assay(*merge, scene.folder / "judged-of-two").returncode == 0
    done("judged-of-two", "--judge-only")
    check("and not again after another merge", asked(), 2 * by_one)
    assert scene.assay(*merge, scene.folder / "judged-too").returncode == 0
    done("judged-too")
    same_report("judged by a run that goes on", one, scene.timeless("judged-too"))
    refused = scene.run("judged-one", "--judge-only", plan=plan)
    check("no merge", refused.returncode, 2)
    holds("no merge", refused.stderr, "holds no merge of shards")
    scene.script()


DECIDED = {
    "name": "decided",
    "budget": "1h",
    "engine": {"kind": "scripted", "max_model_len": 4096},
    "until": "decided",
    "compare": {"margin_pp": 12},
    "tasks": [{"name": "aime24", "limit": 6, "max_gen_toks": 64}],
}


def decided_by_hand(scene: Scene) -> None:
    """A candidate's looks are its shard's own, at what the baseline's shard answered."""
    plan = other_plan(scene, "decided.json", DECIDED)
    rows = scene.folder / "data/aime24/aime_2024_problems.jsonl"
    rows.parent.mkdir(parents=True)
    rows.write_text("".join(json.dumps({"ID": f"own-{i}", "Problem": f"What is {i} + 1?",
                                        "Solution": "", "Answer": i + 1}) + "\n"
                            for i in range(300)))  # fmt: skip
    right = [{"contains": f"What is {i} + 1?", "text": f"\\boxed{{{i + 1 if i % 3 else 0}}}"}
             for i in range(300)]  # fmt: skip
    scene.script(rules=right, noise=0)

    def looks(out: str, *words: object) -> object:
        told = scene.assay("run", scene.folder / plan, "--data", scene.folder / "data", "--out",
                           scene.folder / out, *words)  # fmt: skip
        assert told.returncode == 0, told.stderr
        return looks_in(out)

    def looks_in(out: str) -> object:
        file = scene.folder / out / "results.json"
        if not file.exists():
            return None
        pooled = json.loads(file.read_text())["pooled"]["fp8"]
        return pooled["looks"], pooled["verdict"]

    one = looks("decided-one")
    looks("decided/bf16", "--shard", "bf16")
    looks("decided/fp8", "--shard", "fp8", "--baseline-from", scene.folder / "decided/bf16")
    told = scene.assay("merge", scene.folder / "decided", "--out", scene.folder / "decided-of-two")
    assert told.returncode == 0, told.stderr
    check("looks of a shard", looks_in("decided-of-two"), one)
    holds("looks of a shard", str(one), "non_inferior")
    scene.script()


def on_two_nodes(scene: Scene, one: dict[str, bytes]) -> None:
    dry = scene.done("sweep", "--on", "slurm", "--gpus-per-node", "1", "--dry-run")
    holds("dry run", dry, "#SBATCH --gpus-per-node=1", "#SBATCH --array=0-2", "merge")
    assert not (scene.folder / "sweep").exists()
    scene.script(load_s=1)
    scene.done("sweep", "--on", "slurm", "--gpus-per-node", "1", "--sbatch=--exclusive")
    second = scene.run("sweep", "--on", "slurm")
    check("two at once", second.returncode, 2)
    holds("two at once", second.stderr, "has jobs that go on")
    until("the merge", lambda: scene.merged("sweep"))
    status = scene.status("sweep")
    check("all complete", [status[v][0] for v in VARIANTS], ["complete"] * 4)
    check("nodes", {status[v][-1] for v in VARIANTS[1:]}, {"n1", "n2"})
    told = json.loads(scene.assay("status", scene.folder / "sweep", "--json").stdout)
    check("as JSON", [(v["variant"], v["end"], v["job"]["state"]) for v in told["variants"]],
          [(v, "complete", "COMPLETED") for v in VARIANTS])  # fmt: skip
    check(
        "the merge as JSON", (told["merge"]["state"], told["merge"]["exit_code"]), ("COMPLETED", 0)
    )
    same_report("a sweep on two nodes", one, scene.timeless("sweep"))
    scene.plan("other.yaml", 7)
    other = scene.run("sweep", "--on", "slurm", plan="other.yaml")
    check("another plan", other.returncode, 2)
    holds("another plan", other.stderr, "holds the sweep of another plan")


def divided(scene: Scene) -> None:
    """Each variant in three jobs (its second task has one repeat), the judge in one after the
    merge."""
    scene.script(rules=[VERDICTS])
    plan = scene.folder / "divided.yaml"
    judged = "  - {name: hle, max_gen_toks: 60, options: {judge: baseline}}\nfidelity"
    plan.write_text((scene.folder / "plan.yaml").read_text().replace("fidelity", judged))
    few = ["--set", "matrix.engine.kv_cache_dtype=[auto]"]
    groups = ["--on", "slurm", "--task-groups", "2", "--repeat-groups", "2",
              "--scratch", str(scene.folder / "scratch")]  # fmt: skip

    def done(out: str, *words: object) -> None:
        told = scene.run(out, *few, *words, plan=plan.name)
        assert told.returncode == 0, told.stderr

    done("undivided")
    done("divided", *groups)
    until("the judge", lambda: scene.status("divided")["(judge)"][1] == "COMPLETED")
    parts = [f"{v}:{part}" for v in ("bf16-auto", "fp8-auto")
             for part in ("aime24#0", "aime24#1", "gpqa_diamond,hle#0")]  # fmt: skip
    status = scene.status("divided")
    check("shards", list(status)[1:-3], parts)
    check("all complete", {status[part][0] for part in parts}, {"complete"})
    same_report("a divided sweep", scene.timeless("undivided", in_parts=True),
                scene.timeless("divided", in_parts=True))  # fmt: skip
    other = scene.run("divided", *few, "--on", "slurm", plan=plan.name)
    check("divided otherwise", other.returncode, 2)
    holds("divided otherwise", other.stderr, "in other shards")
    scene.script()


def answered(scene: Scene) -> int:
    log = scene.folder / "answered"
    return len(log.read_text().splitlines()) if log.exists() else 0


def cancelled(scene: Scene) -> None:
    """The baseline's job is cancelled after some answers, and goes on when it is run again."""
    scene.script(default={"text": "{hash}", "delay_s": 0.5}, max_num_seqs=2,
                 answered_log=str(scene.folder / "answered"))  # fmt: skip
    scene.done("cut", "--on", "slurm", "--scratch", str(scene.folder / "scratch"))
    until("some answers", lambda: answered(scene) > 4)
    told = scene.assay("cancel", scene.folder / "cut")
    holds("cancel", told.stdout, "3 jobs cancelled")
    until("the jobs end", lambda: scene.ended("cut"))
    status = scene.status("cut")
    check("cut short", status["bf16-auto"][0:2], ["not", "ended"])
    kept = answered(scene)
    scene.script()
    scene.done("cut", "--on", "slurm", "--scratch", str(scene.folder / "scratch"))
    until("the merge", lambda: scene.merged("cut"))
    check("resumed", [scene.status("cut")[v][0] for v in VARIANTS], ["complete"] * 4)
    assert kept < 20, kept
    print("ok resume after", kept, "answers", flush=True)


def node_lost(scene: Scene) -> None:
    """The baseline's node is lost after some answers: the other one goes on where it stopped."""
    log = scene.folder / "answered"
    log.unlink(missing_ok=True)
    scene.script(default={"text": "{hash}", "delay_s": 0.5}, max_num_seqs=2, answered_log=str(log))
    scene.done("lost", "--on", "slurm")
    until("some answers", lambda: answered(scene) > 4)
    job, state, node = scene.status("lost")["bf16-auto"][-3:]
    check("the baseline runs", state, "RUNNING")
    scene.slurm.kill_node(node, job)
    scene.script(answered_log=str(log))
    until("the job is requeued", lambda: "PENDING" in scene.status("lost")["bf16-auto"])
    kept = answered(scene)
    scene.slurm.ask("scontrol", "update", f"jobid={job}", "StartTime=now")
    until("the merge", lambda: scene.merged("lost"))
    status = scene.status("lost")
    check("after a lost node", [status[v][0] for v in VARIANTS], ["complete"] * 4)
    assert status["bf16-auto"][-1] != node, status
    results = json.loads((scene.folder / "lost/results.json").read_text())
    check("scored", {c["scored"] for c in results["tasks"][0]["cells"].values()}, {6})
    check("loads of the baseline", results["variants"][0]["loads"], 2)
    print("ok node lost after", kept, "answers", flush=True)


def stubborn(scene: Scene) -> None:
    """The baseline's job hears no SIGTERM: its run is held. Slurm ends it by SIGKILL after
    KillWait; what was answered is kept, and the same command goes on."""
    log = scene.folder / "answered"
    log.unlink(missing_ok=True)
    scene.script(default={"text": "{hash}", "delay_s": 0.5}, max_num_seqs=2, answered_log=str(log))
    scene.done("stubborn", "--on", "slurm")
    until("some answers", lambda: answered(scene) > 4)
    job = scene.status("stubborn")["bf16-auto"][-3]
    held = scene.slurm.hold(job)
    told = scene.assay("cancel", scene.folder / "stubborn")
    holds("cancel", told.stdout, "3 jobs cancelled")
    check("ended by SIGKILL", ends_of(held, 60), {signal.SIGKILL})
    until("the jobs end", lambda: scene.ended("stubborn"))
    kept = answered(scene)
    scene.script(answered_log=str(log))
    scene.done("stubborn", "--on", "slurm")
    until("the merge", lambda: scene.merged("stubborn"))
    check("resumed", [scene.status("stubborn")[v][0] for v in VARIANTS], ["complete"] * 4)
    results = json.loads((scene.folder / "stubborn/results.json").read_text())
    check("scored", {c["scored"] for c in results["tasks"][0]["cells"].values()}, {6})
    print("ok goes on after", kept, "answers", flush=True)


def looked_at(scene: Scene) -> None:
    """Both nodes are asked, and what they say of this machine is the same."""
    words = ["doctor", scene.folder / "plan.yaml", "--data", ROOT / "data", "--on", "slurm"]
    told = scene.assay(*words, "--nodes", "2", "--gpus-per-node", "1")
    here = scene.assay(*words[:-2])
    check("as here", told.returncode, here.returncode)
    holds("both nodes", told.stdout, "n1", "n2", "plan")
    both = json.loads(scene.assay(*words, "--nodes", "2", "--json").stdout)
    check("nodes", [node["node"] for node in both["nodes"]], ["n1", "n2"])
    alone = json.loads(scene.assay(*words[:-2], "--json").stdout)
    check("what they say", [n["missing"] for n in both["nodes"]], [alone["missing"]] * 2)
    many = scene.assay(*words, "--nodes", "3", "--sbatch=--immediate=5")
    check("more nodes than there are", many.returncode, 3)
    holds("more nodes than there are", many.stderr, "0 of 3 nodes answered")


def variants_fail(scene: Scene) -> None:
    """Two variants cannot be loaded: the others go on, and the report says which and why."""
    error = {"what": "the engine cannot load this", "why": "no such kernel", "fix": "use another"}
    scene.script(models={"m-FP8": {"load_error": error}})
    scene.done("failing", "--on", "slurm")
    until("the merge", lambda: scene.merged("failing"))
    status = scene.status("failing")
    check("who ended", [status[v][0] for v in VARIANTS], ["complete", "complete", "not", "not"])
    results = json.loads((scene.folder / "failing/results.json").read_text())
    check("events", [(e["kind"], e["variant"]) for e in results["events"]],
          [("shard not ended", "fp8-auto"), ("shard not ended", "fp8-fp8")])  # fmt: skip
    logs = "".join(f.read_text() for f in (scene.folder / "failing/jobs").glob("*.log"))
    holds("why", logs, "the engine cannot load this", "no such kernel")
    check("the others", results["pooled"]["bf16-fp8"]["n"], 10)


def main() -> int:
    if os.geteuid() != 0 or not shutil.which("slurmctld") or not shutil.which("munged"):
        print("skipped: needs root, slurm-wlm and munge")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = Scene(folder)
        scene.done("one")
        one = scene.timeless("one")
        by_hand(scene, one)
        parts_by_hand(scene)
        judge_by_hand(scene)
        decided_by_hand(scene)
        with scene.slurm:
            refusals(scene)
            looked_at(scene)
            on_two_nodes(scene, one)
            divided(scene)
            cancelled(scene)
            stubborn(scene)
            variants_fail(scene)
            node_lost(scene)
    return 0


sys.exit(main())
