"""MMLU-Pro's three extraction stages in Python's re over the recorded outputs: letters, seconds.

The patterns are those of TIGER-AI-Lab/MMLU-Pro's compute_accuracy.py.
"""

from __future__ import annotations

import json
import re
import sys
import time
import zipfile
from pathlib import Path

ANSWER_IS = re.compile(r"answer is \(?([A-J])\)?")
ANSWER_COLON = re.compile(r".*[aA]nswer:\s*([A-J])")
LAST_LETTER = re.compile(r"\b[A-J]\b(?!.*\b[A-J]\b)", re.DOTALL)
SOURCES = {"Qwen1.5-72B-Chat": "generated_text", "gemini-1.5-flash-002": "model_outputs"}


def extract(text: str) -> str:
    for pattern in (ANSWER_IS, ANSWER_COLON):
        match = pattern.search(text)
        if match:
            return match.group(1)
    match = LAST_LETTER.search(text)
    return match.group(0) if match else "-"


def recorded_outputs(shared: Path) -> list[str]:
    texts: list[str] = []
    for name, field in SOURCES.items():
        path = shared / f"data/mmlu_pro/model_outputs_{name}_5shots.zip"
        with zipfile.ZipFile(path) as archive:
            member = next(
                n for n in archive.namelist() if n.endswith(".json") and "MACOSX" not in n
            )
            texts += [row[field] or "" for row in json.loads(archive.read(member))]
    return texts


def main() -> None:
    texts = recorded_outputs(Path(sys.argv[1]))
    start = time.perf_counter()
    letters = "".join(extract(text) for text in texts)
    print(json.dumps({"seconds": time.perf_counter() - start, "letters": letters}))


if __name__ == "__main__":
    main()
