"""The command lines that stand in the documentation, page by page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from check_commands import code_of, pages

# What begins a command line; anything else in a code block is a drawing, a formula or an output.
_BEGINS = re.compile(
    r"(?:\S+/)?assay +(?:[a-z]|--)|\./dev +[a-z]|(?:tools|tests|build|bench)/\S|/opt/\S+ |"
    r"(?:pip|python3?|cmake|export|source|sudo|ssh|rsync|git|docker) +\S|[A-Z_]+=\S+ +\S"
)
_YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)#.*$")


@dataclass
class Documented:
    text: str
    places: list[str] = field(default_factory=list)  # "README.md:46"


def _is_command(line: str, in_block: bool) -> bool:
    """A span of one word names a file or a program; in a block it is typed as it stands."""
    return _BEGINS.match(line) is not None and (in_block or " " in line)


def commands(root: Path) -> list[Documented]:
    """Each command once, with every place that shows it, in the order of the pages: README.md,
    README.zh-CN.md, then docs/, then what is for contributors."""
    found: dict[str, Documented] = {}
    order = sorted(pages(root), key=lambda p: (not p.name.startswith("README"), p.parent == root))
    for page in order:
        text = page.read_text(encoding="utf-8")
        for offset, code in code_of(text):
            in_block = text[offset - 1] == "\n"
            joined = re.sub(r"\\\n", "  ", code)
            for match in re.finditer(r"[^\n]+", joined):
                line = " ".join(_COMMENT.sub("", match[0]).split()).removeprefix("$ ")
                if not _is_command(line, in_block):
                    continue
                number = text.count("\n", 0, offset + match.start()) + 1
                command = found.setdefault(line, Documented(line))
                command.places.append(f"{page.relative_to(root)}:{number}")
    return list(found.values())


def yaml_examples(root: Path) -> list[tuple[str, str]]:
    """(page, text) of every fenced YAML block."""
    return [
        (str(page.relative_to(root)), text)
        for page in pages(root)
        for text in _YAML.findall(page.read_text(encoding="utf-8"))
    ]
