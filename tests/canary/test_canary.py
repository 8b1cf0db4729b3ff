"""Loads that answer and are wrong, loads that lack memory, and engines that lose memory or their GPU
while they answer: what `assay run` makes of each.

usage: test_canary.py ASSAY ROOT

The worker is tests/fakes/fake_worker.py; the baseline's model is `good`, the candidate's `bad`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

assay, root = sys.argv[1], Path(sys.argv[2])

PLAN = """name: canary
engine: {{kind: worker, module: fake_worker, max_model_len: 4096}}
variants:
  - {{name: bf16, model: {folder}/good, baseline: true}}
  - {{name: fp8, model: {folder}/bad}}
tasks:
  - {{name: aime24, first: 2, max_gen_toks: 64}}
fidelity: {{items: 0}}
{extra}
"""


def check(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")
    print("ok", what)


class Case:
    def __init__(self, folder: Path, script: dict[str, Any], extra: str = "") -> None:
        self.folder, self.script = folder, script
        folder.mkdir()
        for name in ("good", "bad"):
            model = folder / name
            model.mkdir()
            (model / "config.json").write_text(json.dumps({"name": name}))
            (model / "tokenizer.json").write_text("{}")
            (model / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
        (folder / "plan.yaml").write_text(PLAN.format(folder=folder, extra=extra))

    def run(self) -> subprocess.CompletedProcess[str]:
        script = {**self.script, "asked_log": str(self.folder / "asked")}
        env = {**os.environ, "ASSAY_PYTHON": sys.executable, "ASSAY_GRADERS": "1",
               "PYTHONPATH": str(root / "tests/fakes"), "ASSAY_FAKE_SCRIPT": json.dumps(script),
               "XDG_CACHE_HOME": str(self.folder / "cache")}  # fmt: skip
        command = [assay, "run", str(self.folder / "plan.yaml"), "--data", str(root / "data"),
                   "--out", str(self.folder / "out")]  # fmt: skip
        return subprocess.run(command, env=env, check=False, capture_output=True, text=True)

    def asked(self, model: str, kind: str = "generate") -> int:
        log = self.folder / "asked"
        lines = map(json.loads, log.read_text().splitlines()) if log.exists() else []
        return sum(line["model"] == model and line["kind"] == kind for line in lines)

    def report(self) -> dict[str, Any]:
        return json.loads((self.folder / "out/results.json").read_text())


def ends(folder: Path, name: str, bad: dict[str, Any], what: str, *causes: str) -> None:
    """The candidate's load is bad: exit code 3, its reason, and none of its items asked."""
    case = Case(folder / name, {"models": {"bad": bad}})
    done = case.run()
    check(f"{name}: exit code", done.returncode, 3)
    for words in (f"the canary of variant fp8 failed: {what}", *causes):
        assert words in done.stderr, (words, done.stderr)
    check(f"{name}: prompts that the candidate got", case.asked("bad"), 8)
    check(f"{name}: prompts that the baseline got", case.asked("good"), 8 + 2)


def others_go_on(folder: Path) -> None:
    """The first of two candidates is bad: the second is measured, and the report made."""
    case = Case(folder / "others", {"models": {"bad": {"default": {"text": " "}}}})
    plan = case.folder / "plan.yaml"
    third = f"  - {{name: int8, model: {case.folder}/third}}\ntasks:"
    plan.write_text(plan.read_text().replace("tasks:", third))
    shutil.copytree(case.folder / "good", case.folder / "third")
    (case.folder / "third/config.json").write_text(json.dumps({"name": "third"}))
    done = case.run()
    assert done.returncode == 3, done.stderr
    check("others: prompts", (case.asked("bad"), case.asked("third")), (8, 8 + 2))
    assert "fp8: the canary of variant fp8 failed" in done.stderr, done.stderr
    assert "the other variants go on" in done.stderr, done.stderr
    assert "error: the canary of variant fp8 failed" in done.stderr, done.stderr
    report = case.report()
    check("others: end", report["end"], "complete")
    check("others: failed", [failure["variant"] for failure in report["failures"]], ["fp8"])
    flags = [(f["name"], f["variant"]) for f in report["flags"] if f["name"] == "failed"]
    check("others: flag", flags, [("failed", "fp8")])
    cells = report["tasks"][0]["cells"]
    check("others: scored", {name: cells[name]["scored"] for name in cells},
          {"bf16": 2, "fp8": 0, "int8": 2})  # fmt: skip
    check("others: verdict without an answer", report["pooled"]["fp8"]["verdict"],
          "not_available")
    check("others: once more", case.run().returncode, 3)
    check("others: only it is tried again", case.asked("third"), 8 + 2)
    case.script = {}
    check("others: mended", case.run().returncode, 0)
    assert "failures" not in case.report(), case.report()


def dying(error: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An engine that answers its canary and one item, and then reports this. Both items were asked
    by then, as an answer takes longer than asking."""
    return {"tokens_per_s": 200, "faults": [{"do": "fatal", "after": 8 + 1, "error": error, **more}]}


def event_kinds(case: Case) -> list[str]:
    subprocess.run([assay, "report", str(case.folder / "out")], check=True, capture_output=True)
    return [event["kind"] for event in case.report()["events"]]


def loses_its_gpu(folder: Path) -> None:
    gone = {"what": "the engine lost a GPU", "why": "Xid 79, GPU has fallen off the bus",
            "fix": "restart the machine", "final": True}  # fmt: skip
    case = Case(folder / "gpu", dying(gone))
    done = case.run()
    check("gpu: exit code", done.returncode, 3)
    check("gpu: three lines", done.stderr.splitlines()[-3:], [
        "error: the engine lost a GPU", "  why: Xid 79, GPU has fallen off the bus",
        "  do:  restart the machine"])  # fmt: skip
    check("gpu: prompts", (case.asked("good"), case.asked("bad")), (8 + 2, 0))
    check("gpu: what happened", event_kinds(case), ["engine lost"])
    assert "GPU has fallen off the bus" in (case.folder / "out/report.md").read_text()
    case.script = {}
    check("gpu: back", case.run().returncode, 0)
    # Its one answer is kept, as its canary's are; the other item is asked anew.
    check("gpu: prompts then", case.asked("good"), 8 + 2 + 1)
    check("gpu: nobody is blamed", unscored(case), {"bf16": 0, "fp8": 0})


def lacks_memory_in_the_run(folder: Path) -> None:
    out = {"why": "OutOfMemoryError: CUDA out of memory", "less_memory": {"max_num_seqs": 64}}
    once = Case(folder / "out_once", dying(out, marker=str(folder / "out_once.marker")))
    done = once.run()
    check("out of memory once: exit code", done.returncode, 0)
    assert "bf16: out of memory (OutOfMemoryError: CUDA out of memory); it is loaded once more" in (
        done.stderr), done.stderr  # fmt: skip
    check("out of memory once: what happened", event_kinds(once),
          ["engine died", "loaded with less memory"])  # fmt: skip
    check("out of memory once: nobody is blamed", unscored(once), {"bf16": 0, "fp8": 0})

    fault = {"do": "fatal", "on": "generate", "error": out}
    always = Case(folder / "out_always", {"faults": [fault]})
    done = always.run()
    check("always out of memory: exit code", done.returncode, 3)
    assert "error: the engine of bf16 lacks memory, with less, too" in done.stderr, done.stderr
    check("always out of memory: what happened", event_kinds(always),
          ["engine died", "loaded with less memory", "engine died"])  # fmt: skip


def keeps_dying(folder: Path) -> None:
    illegal = {"why": "CUDA error: an illegal memory access was encountered"}
    case = Case(folder / "illegal", {"faults": [{"do": "fatal", "on": "generate", "error": illegal}]})
    done = case.run()
    check("keeps dying: exit code", done.returncode, 3)
    assert "error: the engine of bf16 died 5 times" in done.stderr, done.stderr
    assert "  why: CUDA error: an illegal memory access" in done.stderr, done.stderr
    check("keeps dying: what happened", event_kinds(case), ["engine died"] * 5)
    check("keeps dying: nobody is blamed", unscored(case), {"bf16": 0, "fp8": 0})


def unscored(case: Case) -> dict[str, int]:
    """Of each variant: items that are set aside as the engine's error."""
    (task,) = case.report()["tasks"]
    return {name: cell["unscored"].get("engine error", 0) for name, cell in task["cells"].items()}


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    case = Case(folder / "sound", {})
    done = case.run()
    assert done.returncode == 0, done.stderr
    figures = case.report()["variants"][1]["canary"]
    check("sound: answers", (figures["answers"], figures["empty"], figures["looping"]), (8, 0, 0))
    check("sound: what the candidate read", case.asked("bad", "prompt_logprobs"), 8)
    assert figures["agreed"] > figures["positions"] / 4 > 0, figures
    done = case.run()
    check("once more: nothing is asked", (case.asked("good"), case.asked("bad")), (10, 10))

    ends(folder, "empty", {"default": {"text": " "}}, "8 of 8 answers are empty",
         "the chat template", "FakeKernel")  # fmt: skip
    ends(folder, "looping", {"default": {"text": "ha " * 100}}, "8 of 8 answers repeat themselves",
         "an answer begins \"ha ha")  # fmt: skip
    # One token for ever: 64 of them are fewer bytes than the report's rule for texts looks at.
    ends(folder, "one_token", {"default": {"text": " ! " * 100}}, "8 of 8 answers repeat themselves")
    ends(folder, "not_a_number", {"default": {"not_a_number": True}}, "8 of its answers")
    ends(folder, "other_model", {"read_rank": 3}, "it picks the baseline's token at 0 of ",
         "the checkpoint")  # fmt: skip

    # An engine that dies is dead; the one in its place is asked anew, and the run goes on.
    died = Case(folder / "died", {"faults": [{"do": "kill", "on": "generate",
                                              "marker": str(folder / "once")}]})  # fmt: skip
    done = died.run()
    assert done.returncode == 0, done.stderr
    check("died: events", [e["kind"] for e in died.report()["events"]], ["engine died"])
    check("died: the candidate's canary", died.report()["variants"][1]["canary"]["answers"], 8)

    off = Case(folder / "off", {"models": {"bad": {"default": {"text": ""}}}}, "canary: off")
    done = off.run()
    assert done.returncode == 0, done.stderr
    check("off: prompts", off.asked("bad"), 2)

    # A baseline that answers nothing: no verdict can come of it, and exit code 0 would hide that.
    refusing = {"default": {"error": "the request is not taken"}}
    mute = Case(folder / "mute", {"models": {"good": refusing}}, "canary: off")
    done = mute.run()
    check("mute: exit code", done.returncode, 3)
    assert "the baseline bf16 answered nothing, so nothing can be compared" in done.stderr, done
    assert "of its items: 2 engine error" in done.stderr, done.stderr
    check("mute: the verdict", mute.report()["pooled"]["fp8"]["verdict"], "not_available")
    mute.script = {}
    check("mute: asked once more", mute.run().returncode, 0)

    less = {"gpu_memory_utilization": 0.82}
    lacks = Case(folder / "memory", {"models": {"bad": {"less_memory": less}}})
    done = lacks.run()
    assert done.returncode == 0, done.stderr
    assert "fp8: out of memory (out of memory); it is loaded once more with" in done.stderr
    report = lacks.report()
    lowered = report["loads"][1]["lowered"]
    check("memory: what was lowered", lowered,
          {"gpu_memory_utilization": {"planned": "not set", "taken": "0.82"}})  # fmt: skip
    flags = [f["variant"] for f in report["flags"] if f["name"] == "less memory than planned"]
    check("memory: the flag", flags, ["fp8"])

    loses_its_gpu(folder)
    lacks_memory_in_the_run(folder)
    others_go_on(folder)
    keeps_dying(folder)
