"""Where the assay program is, for the scripts beside this file."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def find_assay() -> str:
    """ASSAY, this checkout's build, this Python's environment, PATH; none: three lines, exit 3."""
    root = Path(__file__).resolve().parents[1]
    named = os.environ.get("ASSAY", "")
    places = [
        root / "build/release/assay",
        root / "build/dev/assay",
        Path(sys.executable).parent / "assay",
    ]
    for place in [Path(named)] if named else places:
        if place.is_file() and os.access(place, os.X_OK):
            return str(place.absolute())
    found = None if named else shutil.which("assay")
    if found:
        return found
    print(
        "error: the assay program is not found",
        f"  why: {'ASSAY names no program: ' + named if named else 'not built, and not in PATH'}",
        "  do:  run `./dev build release`, `pip install .`, or set ASSAY to the program",
        sep="\n",
        file=sys.stderr,
    )
    raise SystemExit(3)
