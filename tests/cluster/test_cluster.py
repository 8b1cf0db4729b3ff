"""Sweeps on a real Slurm of two nodes on this machine, with the scripted engine: the report is one
machine's to the byte, times aside, whatever goes wrong on the way (faults.py).

usage: test_cluster.py ASSAY ROOT     (exit code 77: no Slurm here, or not root)
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "crash")]
from faults import cancelled, clocks_apart, disk_full, node_lost, variants_fail
from processes import own_mounts
from scene import MAIN, SPARE, VARIANTS, Lab, Scene, check, holds, same_report, side_by_side

NOISE = ("--set", "compare.noise_floor=true")


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
    scene.own_env["PATH"] = "/nonexistent"
    refused("no Slurm", 3, "sinfo cannot be started", words=[])
    scene.own_env.clear()
    assert not (scene.folder / "refused").exists()
    check("no sweep", scene.assay("status", scene.folder).returncode, 2)


def looked_at(scene: Scene) -> None:
    """Both nodes are asked, and what they say of this machine is the same."""
    words = ["doctor", scene.folder / "plan.yaml", "--data", scene.lab.root / "data"]
    here = scene.assay(*words, "--json")
    words += SPARE
    told = scene.assay(*words, "--nodes", "2", "--gpus-per-node", "1")
    check("as here", told.returncode, here.returncode)
    holds("both nodes", told.stdout, "n3", "n4", "plan")
    both = json.loads(scene.assay(*words, "--nodes", "2", "--json").stdout)
    check("nodes", [node["node"] for node in both["nodes"]], ["n3", "n4"])
    missing = json.loads(here.stdout)["missing"]
    check("what they say", [n["missing"] for n in both["nodes"]], [missing] * 2)
    many = scene.assay(*words, "--nodes", "3", "--sbatch=--immediate=5")
    check("more nodes than there are", many.returncode, 3)
    holds("more nodes than there are", many.stderr, "0 of 3 nodes answered")


def on_two_nodes(scene: Scene) -> None:
    words = [*MAIN, "--gpus-per-node", "1", *NOISE]
    dry = scene.done("sweep", *words, "--dry-run")
    holds("dry run", dry, "#SBATCH --gpus-per-node=1", "#SBATCH --array=0-2", "merge")
    assert not (scene.folder / "sweep").exists()
    scene.script(load_s=1)
    scene.done("sweep", *words, "--sbatch=--exclusive")
    second = scene.run("sweep", *MAIN, *NOISE)
    check("two at once", second.returncode, 2)
    holds("two at once", second.stderr, "has jobs that go on")
    scene.await_job("sweep", "merge")
    status = scene.status("sweep")
    check("all complete", [status[v][0] for v in VARIANTS], ["complete"] * 4)
    check("nodes", {status[v][-1] for v in VARIANTS[1:]}, {"n1", "n2"})
    told = json.loads(scene.assay("status", scene.folder / "sweep", "--json").stdout)
    check("as JSON", [(v["variant"], v["end"], v["job"]["state"]) for v in told["variants"]],
          [(v, "complete", "COMPLETED") for v in VARIANTS])  # fmt: skip
    check(
        "the merge as JSON", (told["merge"]["state"], told["merge"]["exit_code"]), ("COMPLETED", 0)
    )
    same_report("a sweep on two nodes", scene.timeless("one"), scene.timeless("sweep"))
    scene.matrix("other.yaml", 7)
    other = scene.run("sweep", "--on", "slurm", plan="other.yaml")
    check("another plan", other.returncode, 2)
    holds("another plan", other.stderr, "holds the sweep of another plan")


def parts_by_hand(scene: Scene) -> None:
    """Variants in parts, the baseline's and others', one alone and two together, in any order: one
    machine's report, but for how often each variant was loaded."""
    baseline = ["bf16-auto:aime24#0", "bf16-auto:aime24#1", "bf16-auto:gpqa_diamond"]
    others = ["fp8-fp8,fp8-auto:gpqa_diamond", "fp8-fp8:aime24", "fp8-auto:aime24#1", "bf16-fp8",
              "fp8-auto:aime24#0"]  # fmt: skip
    told: list[object] = []
    for part in baseline + others:
        scene.done(f"parts/{part}", *NOISE, "--shard", part, *told)
        if part in baseline:
            told += ["--baseline-from", scene.folder / "parts" / part]
    missing = scene.run("parts/x", *NOISE, "--shard", "fp8-fp8", *told[:2])
    holds("needs all of the baseline", missing.stderr, "not have the baseline's bf16-auto:aime24#1")
    merge = ["merge", scene.folder / "parts", "--out", scene.folder / "of-parts"]
    away = [scene.folder / "parts" / name for name in ("fp8-auto:aime24#1", "bf16-fp8")]
    for part in away:
        part.rename(scene.folder / part.name)
    few = scene.assay(*merge)
    check("parts are missing", few.returncode, 2)
    holds("parts are missing", few.stderr, "no shard answers for bf16-fp8; fp8-auto:aime24#1")
    one_alone = scene.merge(away[1].name, "few", "--partial")
    holds("one alone", one_alone, "\n1 shard with 1 variant; missing: bf16-auto; fp8-auto; ")
    for part in away:
        (scene.folder / part.name).rename(part)
    all_of_them = scene.merge("parts", "of-parts", "--lang", "zh")
    holds("in Chinese", all_of_them, "\n8 个分片，4 个变体\n报告：")  # noqa: RUF001
    one = scene.timeless("one", in_parts=True)
    same_report("parts by hand", one, scene.timeless("of-parts", in_parts=True))


VERDICTS = {"contains": "Reply in three lines", "texts": ["Correct: yes", "Correct: no"]}


def divided(lab: Lab) -> None:
    """Each variant in three jobs (its second task has one repeat), the judge in one after the
    merge. No shard asks it, and nothing is asked of it twice."""
    scene = Scene(lab, "divided")
    scene.script(rules=[VERDICTS])
    plan = scene.folder / "divided.yaml"
    judged = "  - {name: hle, max_gen_toks: 60, options: {judge: baseline}}\nfidelity"
    plan.write_text((scene.folder / "plan.yaml").read_text().replace("fidelity", judged))
    few = ["--set", "matrix.engine.kv_cache_dtype=[auto]"]
    groups = [*SPARE, "--task-groups", "2", "--repeat-groups", "2",
              "--scratch", str(scene.folder / "scratch")]  # fmt: skip

    def done(out: str, *words: object) -> None:
        scene.done(out, *few, *words, plan=plan.name)

    def asked() -> int:
        return scene.log.read_text().count("Decide whether")

    done("undivided")
    by_one = asked()
    assert by_one > 1, by_one
    done("divided", *groups)
    scene.await_job("divided", "merge")
    scene.await_job("divided", "judge")
    check("the judge is asked once", asked(), 2 * by_one)
    parts = [f"{v}:{part}" for v in ("bf16-auto", "fp8-auto")
             for part in ("aime24#0", "aime24#1", "gpqa_diamond,hle#0")]  # fmt: skip
    status = scene.status("divided")
    check("shards", list(status)[1:-3], parts)
    check("all complete", {status[part][0] for part in parts}, {"complete"})
    one = scene.timeless("undivided", in_parts=True)
    same_report("a divided sweep", one, scene.timeless("divided", in_parts=True))
    other = scene.run("divided", *few, "--on", "slurm", plan=plan.name)
    check("divided otherwise", other.returncode, 2)
    holds("divided otherwise", other.stderr, "in other shards")
    judged_by_hand(scene, done, asked, one)


def judged_by_hand(
    scene: Scene, done: Callable[..., None], asked: Callable[[], int], one: dict[str, bytes]
) -> None:
    """The shards of `divided`, merged again, and elsewhere."""
    before = asked()
    holds("what to do", scene.merge("divided/shards", "divided"), "--judge-only")
    done("divided", "--judge-only")
    check("not again after another merge", asked(), before)
    scene.merge("divided/shards", "goes-on")
    done("goes-on")
    check("shards ask no judge, and the run does", asked() - before, before // 2)
    same_report("judged by a run that goes on", one, scene.timeless("goes-on", in_parts=True))
    refused = scene.run("undivided", "--judge-only", plan="divided.yaml")
    check("no merge", refused.returncode, 2)
    holds("no merge", refused.stderr, "holds no merge of shards")


DECIDED = {
    "budget": "1h",
    "until": "decided",
    "compare": {"margin_pp": 12},
    "tasks": [{"name": "aime24", "limit": 6, "max_gen_toks": 64}],
}


def decided(lab: Lab) -> None:
    """A candidate's looks are its job's own, at what the baseline's job answered."""
    scene = Scene(lab, "decided")
    plan = scene.plan("decided.json", DECIDED, ["FP8"])
    rows = scene.folder / "data/aime24/aime_2024_problems.jsonl"
    rows.parent.mkdir(parents=True)
    rows.write_text("".join(json.dumps({"ID": f"own-{i}", "Problem": f"What is {i} + 1?",
                                        "Solution": "", "Answer": i + 1}) + "\n"
                            for i in range(300)))  # fmt: skip
    right = [{"contains": f"What is {i} + 1?", "text": f"\\boxed{{{i + 1 if i % 3 else 0}}}"}
             for i in range(300)]  # fmt: skip
    scene.script(rules=right, noise=0)

    def run(out: str, *words: object) -> None:
        told = scene.assay("run", scene.folder / plan, "--data", scene.folder / "data", "--out",
                           scene.folder / out, *words)  # fmt: skip
        assert told.returncode == 0, told.stderr

    def looks(out: str) -> object:
        pooled = scene.results(out)["pooled"]["fp8"]
        return pooled["looks"], pooled["verdict"]

    run("one")
    run("sweep", *SPARE)
    scene.await_job("sweep", "merge")
    check("looks of a shard", looks("sweep"), looks("one"))
    holds("looks of a shard", str(looks("one")), "non_inferior")
    status = scene.status("sweep")
    check("ended", [status[v][0] for v in ("bf16", "fp8")], ["complete"] * 2)
    report = (scene.folder / "sweep/report.md").read_text()
    holds("time of all jobs", report, " in 2 jobs of at most 1h 00m 00s each")


def main() -> int:
    if os.geteuid() != 0 or not shutil.which("slurmctld") or not shutil.which("munged"):
        print("skipped: needs root, slurm-wlm and munge")
        return 77
    own_mounts()  # a small disk is made below, for whoever is started from here alone
    with tempfile.TemporaryDirectory() as name:
        lab = Lab(Path(name), sys.argv[1], Path(sys.argv[2]))
        scene = Scene(lab, "sweep")
        scene.done("one", *NOISE)
        hand, asked = scene.beside(), scene.beside()

        def of_two_nodes() -> None:
            on_two_nodes(scene)
            clocks_apart(scene, "sweep/shards")
            node_lost(lab)

        with lab.slurm:
            side_by_side(nodes=of_two_nodes, divided=lambda: divided(lab),
                         cancelled=lambda: cancelled(lab), full=lambda: disk_full(lab),
                         failing=lambda: variants_fail(lab), decided=lambda: decided(lab),
                         hand=lambda: parts_by_hand(hand),
                         asked=lambda: (refusals(asked), looked_at(asked)))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
