#!/usr/bin/env python3
"""Tables from folders of lm-eval's or assay's results: `assay summarize` under a plain name.

usage: summarize_lmeval_results.py DIR... [--format terminal|markdown|csv|latex|json] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from find_assay import find_assay

FORMATS = ("terminal", "markdown", "csv", "latex", "json")
BY_ENDING = {".md": "markdown", ".csv": "csv", ".tex": "latex", ".json": "json"}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description="Tables from lm-eval's or assay's results.")
    made.add_argument("folders", nargs="*", metavar="DIR")
    made.add_argument("--results-dir", "--input", action="append", default=[], dest="more")
    made.add_argument("--format", choices=FORMATS, help="default: by --out's ending, else terminal")
    made.add_argument("--out", "--output", dest="out", type=Path, help="a file; else the terminal")
    return made


def command(options: argparse.Namespace) -> list[str]:
    folders = [*options.folders, *options.more]
    if not folders:
        parser().error("no folder is named")
    ending = options.out.suffix if options.out else ""
    kind = options.format or BY_ENDING.get(ending, "terminal")
    return [find_assay(), "summarize", f"--format={kind}", "--", *folders]


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    words = command(options)
    if options.out is None:
        os.execv(words[0], words)
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False)
    if done.returncode == 0:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(done.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
