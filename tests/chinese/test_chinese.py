"""The Chinese that people read has full-width punctuation: beside a Chinese character no half-width
, : ; ( ) ! or ? stands, in any string of the program, in the page's scripts, in the README, and in
what is printed with values in it. Every flag and every reason has a Chinese name. No command leaves
an English sentence to a reader of Chinese, nor does an error that a new user meets (said.py).

usage: test_chinese.py [ASSAY]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import said  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
HAN = "[\u3400-\u9fff]"
HALF = "[,:;()!?]"
BESIDE = re.compile(f"{HAN}{HALF}|{HALF}{HAN}")
# Strings that stand one after the other are one string.
BETWEEN_LITERALS = re.compile(r'(?<!\\)"\s*\n\s*"')
# What is typed as it stands, and links.
TYPED = re.compile(r"`[^`\n]*`|\]\([^)\n]*\)")
SOURCES = (".cc", ".h", ".js", ".html", ".py")

# What prints Chinese from made-up values alone: no model, no data.
COMMANDS = [
    ["--help"],
    ["power", "--n", "50", "--family", "3"],
    ["power", "--help"],
    ["run", "--help"],
    ["compare", "--help"],
    ["check", str(ROOT / "plans/demo.yaml")],
    ["check", str(ROOT / "plans/qwen3_32b_3h.yaml"), "--tokens-per-second", "7000", "--load-s", "90"],
]  # fmt: skip


def found_in(text: str) -> list[str]:
    """Each place with a little of what stands around it."""
    plain = TYPED.sub("``", text)
    return [plain[max(0, m.start() - 15) : m.end() + 15] for m in BESIDE.finditer(plain)]


def sources() -> Iterator[Path]:
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix in SOURCES and not path.name.endswith("_test.cc"):
            yield path
    yield ROOT / "README.zh-CN.md"


def printed(assay: str, command: list[str]) -> str:
    done = subprocess.run(
        [assay, *command, "--lang", "zh"], capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(HAN, done.stdout), f"{command}: it is not in Chinese: {done.stdout[:300]}"
    return done.stdout


def names_without_chinese() -> list[str]:
    """Flags and reasons that src/report/words.cc lacks: there they would stay English."""
    known = set(re.findall(r'Word\{"([^"]+)"', (ROOT / "src/report/words.cc").read_text()))
    reasons = (ROOT / "src/values/score.h").read_text()
    reasons = reasons[reasons.index("namespace reason {") : reasons.index("}  // namespace reason")]
    names = re.findall(r'const char\* k\w+ = "([^"]+)"', reasons)
    rows = re.findall(r"^\| ([^|]+?) \|", (ROOT / "docs/flags.md").read_text(), re.MULTILINE)
    names += [row for row in rows if row not in ("flag", "---")]
    assert len(names) > 30, names
    return [name for name in names if name not in known]


def english_left(assay: str) -> dict[str, list[str]]:
    with tempfile.TemporaryDirectory() as name:
        folder = said.Folder(Path(name).resolve(), Path(assay).resolve())
        return said.wrong_in_commands(folder) | said.wrong_in_mistakes(folder)


def main(assay: str) -> int:
    # It finds what it is to find.
    assert found_in("差值,百分点") and found_in('"差值"\n  "，百分点"') == []
    assert found_in(BETWEEN_LITERALS.sub("", '"差值"\n  ", 百分点"')) and found_in("（`a,b`）") == []
    assert said.is_sharp()
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in sources()
        if (found := found_in(BETWEEN_LITERALS.sub("", path.read_text())))
    }
    for command in COMMANDS if assay else []:
        if found := found_in(printed(assay, command)):
            wrong["assay " + " ".join(command)] = found
    english = english_left(assay) if assay else {}
    for where, found in english.items():
        print(f"{where}: for a reader of Chinese: {found}")
    for where, found in wrong.items():
        print(f"{where}: half-width punctuation in Chinese: {found}")
    without = names_without_chinese()
    for name in without:
        print(f"src/report/words.cc has no Chinese for: {name}")
    return 1 if wrong or english or without else 0


sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
