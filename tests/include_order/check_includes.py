#!/usr/bin/env python3
"""Checks that the rooms of src/ include, and link, only what the table below allows, and that who
names std::int64_t or the like includes <cstdint>, which g++ 12 does not miss and g++ 13 does.

usage: check_includes.py [SRC]

Prints each violation as file:line and exits 1 when there is one. The table is ARCHITECTURE.md's;
a room that is not in it is a violation too, so that a new one is placed on purpose.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

# Room -> the rooms it may use beside itself.
_LEAF = {"base", "values"}
_TASK = _LEAF | {"plan", "data", "score"}
_RUN = _TASK | {"task", "store", "sandbox", "engine", "stats"}
ALLOWED: dict[str, set[str]] = {
    "base": set(),
    "values": {"base"},
    "plan": _LEAF,
    "stats": _LEAF,
    "score": _LEAF,
    "store": _LEAF,
    "sandbox": _LEAF,
    "engine": _LEAF,
    "data": _LEAF | {"plan"},
    "doctor": _LEAF | {"plan", "data"},
    "task": _TASK,
    "run": _RUN,
    "report": _LEAF | {"plan", "store", "stats"},
    "compare": _LEAF | {"plan", "score", "stats", "report"},
    "cluster": _LEAF | {"plan", "store"},
    "cli": _RUN | {"run", "report", "compare", "cluster", "doctor"},
}
# A library inside a room -> the one header that files outside its folder may include. Its CMake
# target is the folder with "_" for "/" (score_math).
PUBLIC_HEADER = {"score/math": "score/math/math.h"}
# Where a rule surprises, the reason it is there.
WHY = {
    "base": "base knows nothing of the program it serves",
    "stats": "statistics are functions over numbers",
    "score": "scorers are pure: text in, score out",
    "store": "the store keeps values and knows nothing of what they mean",
    "sandbox": "the sandbox runs programs and knows nothing of tasks",
    "engine": "an engine answers requests, whatever asked them",
    "task": "a task asks and scores; it runs nothing itself",
    "report": "a report is made from the store alone, without an engine",
    "doctor": "a doctor judges facts by the plan; it starts no engine and grades nothing",
    "compare": "folders of results are read as they lie there, whoever made them",
    "cluster": "shards are folders and jobs: what runs in them and what a report says is not its own",
    "run": "only main and cli stand above the scheduler",
}
_INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
_CSTDINT = re.compile(r"^\s*#\s*include\s*<cstdint>", re.MULTILINE)
_FIXED_WIDTH = re.compile(r"\bstd::u?int(?:8|16|32|64)_t\b")
_DEPS = re.compile(r"\bDEPS\b([^)]*)\)")


def without_block_comments(text: str) -> str:
    """The same lines, without what stands in /* */. Strings are not looked at."""
    return re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)


def refusal(room: str, other: str) -> str | None:
    """Why `room` may not use `other`; None when it may."""
    if other == room or other in ALLOWED.get(room, set()):
        return None
    may = ", ".join(sorted(ALLOWED.get(room, set()))) or "no other room"
    why = WHY.get(room)
    return (
        f"{room} may not include {other}"
        + (f" because {why}" if why else "")
        + f" (it may use {may})"
    )


def private_header(file: Path, src: Path, name: str) -> str | None:
    """Why `file` may not include `name`, a header private to another folder; None when it may."""
    for folder, public in PUBLIC_HEADER.items():
        if name.startswith(f"{folder}/") and name != public and src / folder not in file.parents:
            return f'"{name}" is private to {folder}; include "{public}"'
    return None


def check_source(file: Path, src: Path) -> Iterator[str]:
    room = file.relative_to(src).parts[0]
    lines = without_block_comments(file.read_text(encoding="utf-8")).splitlines()
    for number, line in enumerate(lines, 1):
        match = _INCLUDE.match(line)
        if match is None:
            continue
        quoted, name = match[1] == '"', match[2]
        folder, slash, _ = name.partition("/")
        where = f"{file}:{number}"
        if name.startswith(".") or "/../" in name:
            yield f'{where}: "{name}" climbs through folders; write it as room/file.h'
        elif slash and folder in ALLOWED:
            if (reason := refusal(room, folder)) is not None:
                yield f"{where}: {reason}"
            if (reason := private_header(file, src, name)) is not None:
                yield f"{where}: {reason}"
            if not (src / name).is_file():
                yield f'{where}: "{name}" is not there'
        elif folder == "support" and slash:
            if not file.stem.endswith("_test"):
                yield f'{where}: "{name}" is for tests; only *_test.cc may include tests/support'
        elif quoted and not (file.parent / name).is_file():
            yield f'{where}: "{name}" is in no room; write it as room/file.h'


def check_fixed_width(file: Path) -> Iterator[str]:
    """std::int64_t without <cstdint>, here or in the file's own header: g++ 13 has no such name."""
    text = file.read_text(encoding="utf-8")
    match = _FIXED_WIDTH.search(text)
    own = file.with_name(file.stem.removesuffix("_test") + ".h")
    have = [text] + ([own.read_text(encoding="utf-8")] if own.is_file() else [])
    if match is not None and not any(map(_CSTDINT.search, have)):
        number = text.count("\n", 0, match.start()) + 1
        yield f"{file}:{number}: {match[0]} needs #include <cstdint>"


def check_links(file: Path, src: Path) -> Iterator[str]:
    """DEPS of a room's CMakeLists.txt: linking is using."""
    room = file.relative_to(src).parts[0]
    room_of = {folder.replace("/", "_"): folder.split("/")[0] for folder in PUBLIC_HEADER}
    text = file.read_text(encoding="utf-8")
    for match in _DEPS.finditer(text):
        number = text.count("\n", 0, match.start()) + 1
        for word in match[1].split():
            if word.isupper():  # the next keyword of assay_library
                break
            if (reason := refusal(room, room_of.get(word, word))) is not None:
                yield f"{file}:{number}: {reason}"


def violations(src: Path) -> list[str]:
    found: list[str] = []
    for folder in sorted(p for p in src.iterdir() if p.is_dir()):
        if folder.name not in ALLOWED:
            found.append(f"{folder}:1: {folder.name} is not in the table of rooms")
            continue
        for file in sorted(folder.rglob("*")):
            if file.suffix in {".h", ".cc"}:
                found += check_source(file, src)
                found += check_fixed_width(file)
            elif file.name == "CMakeLists.txt":
                found += check_links(file, src)
    return found


def main() -> int:
    default = Path(__file__).resolve().parents[2] / "src"
    src = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    if not (src / "base").is_dir():
        print(f"{src} holds no rooms", file=sys.stderr)
        return 2
    found = violations(src)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
