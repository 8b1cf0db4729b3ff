#!/usr/bin/env python3
"""Runs every command that README*.md, docs/*.md, ARCHITECTURE.md and CONTRIBUTING.md show.

usage: run_commands.py ASSAY [TEXT]     TEXT: only commands that contain it, without those before

and uses every YAML file that a page shows in full. Each command is typed into bash as it stands,
in a folder that looks like a source tree, on a machine like the one the documentation speaks of:
/data and /opt lie below a folder of this test, gpubox is an sshd on the loopback, the hub and the
servers of endpoints are there too, and the Python of the vLLM environment plays the worker by
tests/fakes/fake_worker.py, so no weights are loaded. Sandbox, Math-Verify, hub client, ssh and
rsync are the real ones. Exceptions are listed in command_table.py with their reasons.
Needs .venv, .venv-grade, bubblewrap, sshd and rsync.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from command_table import COMPLETED, ELSEWHERE, ENDS_WITH, EXAMPLES, MORE, PLACEHOLDERS
from doc_commands import Documented, commands, yaml_examples
from scene import ROOT, Scene

LIMIT_S = 120


def begins(text: str, begin: str) -> bool:
    """By whole words, or by a path or variable that `begin` ends within."""
    return text.startswith(begin) and (begin[-1] in "/=" or text[len(begin) :][:1] in ("", " "))


def elsewhere(text: str) -> str:
    """Why a command is not run here; empty: it is."""
    return next((why for begin, why in ELSEWHERE.items() if begins(text, begin)), "")


def filled(text: str) -> str:
    """The command with its placeholders filled in; one that is only named is asked for help."""
    text = re.sub(r"^build/\w+/assay ", "assay ", text)
    text = COMPLETED.get(text, text)
    if re.fullmatch(r"assay [a-z][a-z0-9-]*", text):
        return text + " --help"
    fitting = [begin for begin in PLACEHOLDERS if text.startswith(begin + " ")]
    words = PLACEHOLDERS[max(fitting, key=len)] if fitting else {}
    return " ".join(words.get(word, word) for word in text.split(" "))


def run(line: str, scene: Scene) -> str:
    """What went wrong; empty: nothing."""
    code, words = ENDS_WITH.get(line, (0, ""))
    try:
        done = scene.run(line, LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"not done after {LIMIT_S} s"
    said = done.stdout + done.stderr
    if done.returncode != code:
        return f"exit code {done.returncode}, expected {code}\n{said[-2000:]}"
    return "" if words in said else f"'{words}' is not said\n{said[-2000:]}"


def stale(found: list[Documented]) -> list[str]:
    """Entries of the tables that no page shows any more, and YAML that has no entry."""
    texts = [c.text for c in found] + [filled(c.text) for c in found]
    named = [*COMPLETED, *ENDS_WITH, *ELSEWHERE]
    gone = [entry for entry in named if not any(begins(text, entry) for text in texts)]
    shown = {page for page, _ in yaml_examples(ROOT)}
    return (
        [f"command_table.py: no page shows `{entry}`" for entry in gone]
        + [f"command_table.py: {page} shows no YAML" for page in EXAMPLES if page not in shown]
        + [f"{page}: EXAMPLES does not say what its YAML is for" for page in shown - {*EXAMPLES}]
    )


def work(found: list[Documented], scene: Scene) -> list[tuple[str, str]]:
    """(command line, where it stands) of all that is to be run, each line once."""
    lines: dict[str, str] = {}
    for command in found:
        if not elsewhere(command.text):
            lines.setdefault(filled(command.text), ", ".join(command.places))
    for page, text in yaml_examples(ROOT):
        after, line = EXAMPLES.get(page, ("", "true"))
        scene.add_plan(Path(page).stem, text + after)
        lines[line] = page
    return [*lines.items(), *((line, "command_table.py") for line in MORE)]


def run_all(found: list[Documented], scene: Scene, wanted: str) -> tuple[int, list[str]]:
    """How many did what they should, and what went wrong with the others."""
    passed, failed = 0, []
    for line, where in work(found, scene):
        if wanted not in line:
            continue
        started = time.monotonic()
        wrong = run(line, scene)
        took = f"{time.monotonic() - started:5.1f} s"
        print(f"{'FAILED' if wrong else 'ok    '} {took}  {line}", flush=True)
        if wrong:
            failed.append(f"{where}: `{line}`: {wrong}")
        passed += not wrong
    return passed, failed


def main() -> int:
    assay, wanted = Path(sys.argv[1]).resolve(), "".join(sys.argv[2:3])
    found = commands(ROOT)
    failed = stale(found)
    # Short: sockets and ssh's files lie below it.
    with tempfile.TemporaryDirectory(prefix="assay_docs_", ignore_cleanup_errors=True) as folder:
        scene = Scene(Path(folder), assay)
        try:
            passed, wrong = run_all(found, scene, wanted)
        finally:
            scene.close()
    failed += wrong
    print(*failed, sep="\n", end="\n" if failed else "")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.exit(main())
