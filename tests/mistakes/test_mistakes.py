"""Each mistake of mistakes.txt ends with its exit code and its three lines.

usage: test_mistakes.py ASSAY [--approve]

A block of mistakes.txt: "## " and what is wrong; lines of a plan after "| ", written to plan.yaml
("|+ " : added to the sound plan, whose tasks they replace where they have any); the command after
"$ "; "exit N"; what it says on stderr. There DIR stands for the folder it runs in, and "…" for
anything. --approve writes the answers anew: read the difference.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLE = HERE / "mistakes.txt"
LIMIT_S = 60  # of a command that takes a fraction of a second: a hang, whatever the machine

SOUND = """name: sound
variants:
  - {name: bf16, model: ./model, baseline: true}
  - {name: fp8, model: ./model2}
"""
TASKS = """tasks:
  - {name: aime24, limit: 4, max_gen_toks: 96}
"""
# Lists that grow with the program: how they begin is enough.
LISTS = re.compile(r"^(  why: (?:commands|its options|known keys|known): (?:[^,]+, ){2})[^,]+, .*$")


@dataclass
class Mistake:
    title: str
    plan: list[str] = field(default_factory=list)  # with their marks
    command: str = ""
    code: int = 0
    said: list[str] = field(default_factory=list)

    def plan_text(self) -> str:
        added = [line[3:] for line in self.plan if line.startswith("|+ ")]
        whole = [line[2:] for line in self.plan if line.startswith("| ")]
        if whole:
            return "\n".join(whole) + "\n"
        tasks = "" if any(line.startswith("tasks") for line in added) else TASKS
        return SOUND + "".join(line + "\n" for line in added) + tasks

    def block(self) -> str:
        lines = [f"## {self.title}", *self.plan, f"$ {self.command}", f"exit {self.code}"]
        return "\n".join(lines + self.said) + "\n"


def read_table() -> tuple[str, list[Mistake]]:
    preface, *blocks = re.split(r"^## ", TABLE.read_text(), flags=re.MULTILINE)
    mistakes = []
    for block in blocks:
        title, *lines = block.rstrip("\n").split("\n")
        mistake = Mistake(title)
        for line in lines:
            if mistake.command and line.startswith("exit "):
                mistake.code = int(line[5:])
            elif line.startswith("$ "):
                mistake.command = line[2:]
            elif line.startswith("|"):
                mistake.plan.append(line)
            elif line:
                mistake.said.append(line)
        mistakes.append(mistake)
    return preface, mistakes


def model(folder: Path, number: int) -> None:
    """Enough of a model for all that looks at its files alone."""
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    header = b"{}" + b" " * number
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)


def scene(folder: Path, assay: Path) -> dict[str, str]:
    """Two models, the rows of this repository, a finished run; gives the environment."""
    for number, name in enumerate(("model", "model2", "model3")):
        model(folder / name, number)
    (folder / "data").symlink_to(ROOT / "data")
    (folder / "empty").mkdir()
    (folder / "leads_nowhere").symlink_to("gone")
    env = {**os.environ, "ASSAY_PYTHON": sys.executable, "LC_ALL": "C", "NO_COLOR": "1",
           "PYTHONPATH": str(ROOT / "tests/fakes"), "XDG_CACHE_HOME": str(folder / "cache"),
           "HF_HUB_OFFLINE": "1"}  # fmt: skip
    plan = SOUND + "engine: {kind: worker, module: adding_worker, max_model_len: 2048}\n" + TASKS
    (folder / "done.yaml").write_text(plan)
    command = [str(assay), "run", "done.yaml", "--data", "data", "--out", "done", "--quiet"]
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, timeout=LIMIT_S)
    return env


def answer(mistake: Mistake, folder: Path, assay: Path, env: dict[str, str]) -> Mistake:
    (folder / "plan.yaml").write_text(mistake.plan_text())
    words = [str(assay), *shlex.split(mistake.command)[1:]]
    done = subprocess.run(
        words, cwd=folder, env=env, capture_output=True, text=True, timeout=LIMIT_S
    )
    said = done.stderr.replace(str(folder), "DIR").rstrip("\n").split("\n")
    said = [LISTS.sub(r"\1…", line) for line in said]
    return Mistake(mistake.title, mistake.plan, mistake.command, done.returncode, said)


def same(expected: str, found: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.fullmatch(pattern, found) is not None


def is_right(expected: Mistake, found: Mistake) -> bool:
    lines = len(expected.said) == len(found.said)
    return lines and expected.code == found.code and all(map(same, expected.said, found.said))


def is_complete(mistake: Mistake) -> bool:
    begins = [line.split(":")[0].strip() for line in mistake.said if not line.startswith("note: ")]
    return begins == ["error", "why", "do"]


def main() -> int:
    assay = Path(sys.argv[1]).resolve()
    preface, mistakes = read_table()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        env = scene(folder, assay)
        found = [answer(mistake, folder, assay, env) for mistake in mistakes]
    if "--approve" in sys.argv:
        TABLE.write_text(preface + "\n".join(one.block() for one in found))
    failed = 0
    for expected, one in zip(mistakes, found, strict=True):
        if is_right(expected, one) and is_complete(one):
            continue
        failed += 1
        print(f"expected:\n{expected.block()}found:\n{one.block()}")
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
