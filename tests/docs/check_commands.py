#!/usr/bin/env python3
"""Checks what the documentation says against the sources.

usage: check_commands.py [ROOT]

In README*.md, ARCHITECTURE.md, CONTRIBUTING.md and docs/*.md every `assay COMMAND` in a code block
or code span must be a command of src/cli/cmd_*.cc with the long options it is shown with, `./dev
COMMAND` a command of ./dev, a plan below plans/ a file, and every link a file and heading that are
there. Pages of docs/ named in src/ must be there too. Prints file:line and exits 1 when something
is not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

GLOBAL_OPTIONS = {"--help", "--version", "--lang"}


@dataclass
class Command:
    options: set[str] = field(default_factory=set)
    children: dict[str, Command] = field(default_factory=dict)


# --- the program's side

_FUNCTION = re.compile(r"^void add_\w+\(CLI::App& app, Session& session\)", re.MULTILINE)
_SUBCOMMAND = re.compile(r'(\w+)\s*=\s*(\w+)(?:\.|->)add_subcommand\(\s*"([\w-]+)"')
_OPTION = re.compile(r'(\w+)\s*(?:\.|->)add_(?:option|flag)\(\s*"(--[\w-]+)"')
_PLAN_OPTIONS = re.compile(r"add_plan_options\(\*(\w+),[^;]*?(true|false)\)")


def plan_options(text: str) -> tuple[set[str], set[str]]:
    """Options of every command that takes a plan, and those only of commands with an output."""
    always: set[str] = set()
    with_output: set[str] = set()
    for line in re.split(r";\s*\n", text):
        for _, name in _OPTION.findall(line):
            (with_output if "if (with_output)" in line else always).add(name)
    return always, with_output


def read_commands(cli: Path) -> dict[str, Command]:
    shared = cli / "plan_options.cc"
    always, with_output = plan_options(shared.read_text()) if shared.is_file() else (set(), set())
    # What several commands add by one function.
    added = {
        function: {
            name
            for file in files
            if (cli / file).is_file()
            for _, name in _OPTION.findall((cli / file).read_text())
        }
        for function, files in (
            ("add_slurm_options(", ("run_on_slurm.cc", "job_options.cc")),
            ("add_node_options(", ("doctor_on_slurm.cc", "job_options.cc")),
            ("add_new_plan_options(", ("new_plan.cc",)),
        )
    }
    commands: dict[str, Command] = {}
    for file in sorted(cli.glob("cmd_*.cc")):
        text = file.read_text(encoding="utf-8")
        starts = [m.start() for m in _FUNCTION.finditer(text)]
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            body = text[start:end]
            read_function(body, commands, always, with_output)
            name = re.match(r"void add_(\w+)", body)
            for function, options in added.items():
                if name and function in body:
                    commands[name[1]].options |= options
    return commands


def read_function(
    body: str, commands: dict[str, Command], always: set[str], with_output: set[str]
) -> None:
    """One add_<command>(): its command, the commands below it and their options."""
    by_variable: dict[str, Command] = {}
    for variable, parent, name in _SUBCOMMAND.findall(body):
        command = by_variable[variable] = Command()
        siblings = commands if parent == "app" else by_variable[parent].children
        siblings[name] = command
    for variable, option in _OPTION.findall(body):
        by_variable[variable].options.add(option)
    for variable, output in _PLAN_OPTIONS.findall(body):
        by_variable[variable].options |= always | (with_output if output == "true" else set())


def dev_commands(dev: Path) -> set[str]:
    """The labels of main()'s case in ./dev."""
    if not dev.is_file():
        return set()
    main = dev.read_text(encoding="utf-8").partition("\nmain() {")[2]
    return {
        word
        for labels in re.findall(r"^ {4}([a-z| -]+)\) ", main, re.MULTILINE)
        for word in labels.replace(" ", "").split("|")
    }


# --- the documentation's side

_FENCE = re.compile(r"^( *)(```+|~~~+)[^\n]*\n(.*?)^\1\2`*~* *$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:\A|(?<=\n)\n|^#+ [^\n]*\n)((?: {4}[^\n]*\n)+)", re.MULTILINE)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_ASSAY = re.compile(r"(?:^|[\s;|&('\"]|(?<=[\w.])/)assay((?: +[^\s;|&#`<>()]+)+)", re.MULTILINE)
_DEV = re.compile(r"(?:^|\s)\./dev +([a-z]+)", re.MULTILINE)
_PLAN = re.compile(r"(?:^|\s)(plans/[\w.-]+\.ya?ml)")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_PAGE = re.compile(r"\bdocs/[a-z_]+\.md\b")


def pages(root: Path) -> list[Path]:
    named = [root / "ARCHITECTURE.md", root / "CONTRIBUTING.md"]
    return sorted(
        [*root.glob("README*.md"), *(p for p in named if p.is_file()), *root.glob("docs/*.md")]
    )


def blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def code_of(text: str) -> Iterator[tuple[int, str]]:
    """(offset, code) of every fenced or indented block, and of every code span outside them."""
    rest = text
    for match in _FENCE.finditer(text):
        yield match.start(3), match[3]
        rest = rest[: match.start()] + blank(match[0]) + rest[match.end() :]
    for match in _INDENTED.finditer(rest):
        yield match.start(1), match[1]
        rest = rest[: match.start(1)] + blank(match[1]) + rest[match.end() :]
    for match in _SPAN.finditer(rest):
        yield match.start(1), match[1].replace("\n", " ")


def without_code(text: str) -> str:
    without_blocks = _FENCE.sub(lambda m: blank(m[0]), text)
    return _SPAN.sub(lambda m: blank(m[0]), without_blocks)


def check_command(words: list[str], commands: dict[str, Command]) -> str | None:
    if words[0].startswith("--"):
        unknown = sorted(set(words) & {w for w in words if w.startswith("--")} - GLOBAL_OPTIONS)
        return f"assay has no {unknown[0]}" if unknown else None
    if not re.fullmatch(r"[a-z][a-z0-9-]*", words[0]):
        return None  # "assay COMMAND", "assay …"
    command = commands.get(words[0])
    name = words[0]
    if command is None:
        return f"there is no `assay {name}`"
    if command.children and len(words) > 1 and re.fullmatch(r"[a-z]+", words[1]):
        name += f" {words[1]}"
        command = command.children.get(words[1])
        if command is None:
            return f"there is no `assay {name}`"
    for word in words[1:]:
        option = re.match(r"--[a-z][\w-]*", word)
        if option and option.group() not in command.options | GLOBAL_OPTIONS:
            return f"`assay {name}` has no {option.group()}"
    return None


def check_code(
    code: str, root: Path, commands: dict[str, Command], dev: set[str]
) -> Iterator[tuple[int, str]]:
    """(offset in the code, what is wrong)."""
    joined = re.sub(r"\\\n", "  ", code)  # a command over several lines; same length
    for match in _ASSAY.finditer(joined):
        if (wrong := check_command(match[1].split(), commands)) is not None:
            yield match.start(1), wrong
    for match in _DEV.finditer(joined):
        if match[1] not in dev:
            yield match.start(1), f"there is no `./dev {match[1]}`"
    for match in _PLAN.finditer(joined):
        if not (root / match[1]).is_file():
            yield match.start(1), f"{match[1]} is not there"


def anchors(text: str) -> set[str]:
    """The names under which a page's headings can be linked, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.+?) *#*$", _FENCE.sub("", text), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 0
        while (unique := f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(unique)
    return found


def check_link(target: str, page: Path) -> str | None:
    if re.match(r"[a-z]+:", target):
        return None  # elsewhere
    path, _, anchor = target.partition("#")
    file = page if not path else page.parent / path
    if not file.exists():
        return f"link to {target}: {path} is not there"
    if anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
        return f"link to {target}: no such heading"
    return None


def findings(root: Path) -> list[str]:
    commands = read_commands(root / "src" / "cli")
    dev = dev_commands(root / "dev")
    found: list[str] = []
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        places: list[tuple[int, str]] = []
        for offset, code in code_of(text):
            places += [(offset + at, what) for at, what in check_code(code, root, commands, dev)]
        for match in _LINK.finditer(without_code(text)):
            if (wrong := check_link(match[1], page)) is not None:
                places.append((match.start(), wrong))
        found += named_pages(text, page, root)
        found += [f"{page}:{text.count(chr(10), 0, at) + 1}: {what}" for at, what in sorted(places)]
    for source in sorted((root / "src").rglob("*")):
        if source.suffix in {".h", ".cc"}:
            found += named_pages(source.read_text(encoding="utf-8"), source, root)
    return found


def named_pages(text: str, file: Path, root: Path) -> list[str]:
    return [
        f"{file}:{text.count(chr(10), 0, m.start()) + 1}: {m.group()} is not there"
        for m in _PAGE.finditer(text)
        if not (root / m.group()).is_file()
    ]


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    if not read_commands(root / "src" / "cli"):
        print(f"no commands found below {root}/src/cli", file=sys.stderr)
        return 2
    found = findings(root)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
