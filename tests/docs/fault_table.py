#!/usr/bin/env python3
"""Every row of docs/faults.md names a test that is there.

usage: fault_table.py ROOT

The last column of each table names, in backticks: a unit test (`Suite.Name`, `.Name` of the suite
before it, `Suite.*`, `Suite`), a file or folder of tests by its path or, where it has an ending,
by its name alone, a case of tests/deadlines, or a fault of tests/crash. Where there can be none it
says so: "none: why".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
NAMED = re.compile(r"`([^`]+)`")
TESTED = ("src", "tests", "worker/tests")


@dataclass(frozen=True)
class Known:
    """What a row may name."""

    root: Path
    unit: set[tuple[str, str]]  # suite, test
    files: set[str]  # names, not paths
    cases: set[str]  # of tests/deadlines
    faults: set[str]  # of tests/crash

    @staticmethod
    def of(root: Path) -> Known:
        unit: set[tuple[str, str]] = set()
        files: set[str] = set()
        for folder in TESTED:
            for path in (root / folder).rglob("*"):
                files.add(path.name)
                if path.name.endswith("_test.cc"):
                    unit.update(TEST.findall(path.read_text()))
        return Known(root, unit, files, cases_of(root), faults_of(root))

    def has(self, name: str, suite: str) -> bool:
        if "/" in name:
            return (self.root / name).exists()
        if name in self.files or name in self.cases or name in self.faults:
            return True
        first, _, test = name.partition(".")
        first = first or suite
        if test in ("", "*"):
            return any(first == known for known, _ in self.unit)
        return (first, test) in self.unit


def cases_of(root: Path) -> set[str]:
    text = (root / "tests/deadlines/test_deadlines.py").read_text()
    listed = re.search(r"^CASES = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"\w+", listed[1])) if listed else set()


def faults_of(root: Path) -> set[str]:
    sys.path.insert(0, str(root / "tests/crash"))
    try:
        from faults import FAULTS
    finally:
        sys.path.pop(0)
    return {fault.name for fault in FAULTS}


def rows(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, fault, and what is named for it."""
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        is_row = line.startswith("|") and len(cells) == 3 and not set(cells[0]) <= set("- ")
        if is_row and cells[0] != "fault":
            yield number, cells[0], cells[2]


def problems(text: str, has: Callable[[str, str], bool], cases: set[str]) -> list[str]:
    out: list[str] = []
    named: set[str] = set()
    for number, fault, tests in rows(text):
        names = NAMED.findall(tests)
        suite = ""
        if tests.startswith("none: "):
            continue
        if not names:
            out.append(f"docs/faults.md:{number}: no test is named for: {fault}")
        for name in names:
            if not has(name, suite):
                out.append(f"docs/faults.md:{number}: there is no test {name}")
            if re.match(r"\w+\.\w", name) and "/" not in name:
                suite = name.partition(".")[0]
        named.update(names)
    out += [f"docs/faults.md has no row for the case {case} of tests/deadlines"
            for case in sorted(cases - named)]  # fmt: skip
    return out


def main() -> int:
    root = Path(sys.argv[1])
    known = Known.of(root)
    text = (root / "docs/faults.md").read_text()
    found = problems(text, known.has, known.cases)
    print("\n".join(found) or f"{len(list(rows(text)))} rows, each with a test that is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
