"""The seven data sets as their repositories on the hub lay them out, with rows of our own.

    python hub_layouts.py DATA OUT [--hle-items N]

makes OUT/<owner>/<name>/... from the rows that assay ships (DATA): the real repositories' file
names, formats and columns (docs/hub.md), the columns that assay does not read among them. HLE gets
N rows, every second one a free answer.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
HLE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("question", pa.string()),
        ("image", pa.string()),
        ("image_preview", IMAGE),
        ("answer", pa.string()),
        ("answer_type", pa.string()),
        ("author_name", pa.string()),
        ("rationale", pa.string()),
        ("rationale_image", IMAGE),
        ("raw_subject", pa.string()),
        ("category", pa.string()),
        ("canary", pa.string()),
    ]
)
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def read_jsonl(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_parquet(path: Path, rows: list[Row], schema: pa.Schema | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def hle_rows(count: int) -> list[Row]:
    rows = []
    for i in range(count):
        a, b = i // 10, i % 10
        free = i % 2 == 1
        choices = "" if free else f"\n\nAnswer Choices:\nA. {a + b + 1}\nB. {a + b}"
        rows.append(
            {
                "id": f"own-{i:03}",
                "question": f"What is {a} plus {NUMBERS[b - 1] if b else 'zero'}?{choices}",
                "image": "",
                "image_preview": None,
                "answer": str(a + b) if free else "B",
                "answer_type": "exactMatch" if free else "multipleChoice",
                "author_name": "assay",
                "rationale": "Counting.",
                "rationale_image": None,
                "raw_subject": "Arithmetic",
                "category": ("Math", "Other")[i // 2 % 2],
                "canary": "own rows",
            }
        )
    return rows


def write_gpqa(source: Path, target: Path) -> None:
    with source.open(newline="") as file:
        rows = list(csv.DictReader(file))
    more = {
        "Pre-Revision Question": "As it was,\nover two lines",
        "Explanation": 'It says "so", and more',
        "Self-reported question-writing time (minutes)": "10",
        "Subdomain": "Own",
        "Canary String": "own rows",
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["Pre-Revision Question", *rows[0], *list(more)[1:]])
        writer.writeheader()
        writer.writerows({**more, **row} for row in rows)


def write_all(data: Path, out: Path, hle_items: int) -> None:
    aime = read_jsonl(data / "aime24/aime_2024_problems.jsonl")
    write_parquet(out / "Maxwell-Jia/AIME_2024/aime_2024_problems.parquet", aime)
    write_jsonl(out / "HuggingFaceH4/MATH-500/test.jsonl", read_jsonl(data / "math500/test.jsonl"))
    for split in ("test", "validation"):
        rows = read_jsonl(data / f"mmlu_pro/{split}.jsonl")
        write_parquet(out / f"TIGER-Lab/MMLU-Pro/data/{split}-00000-of-00001.parquet", rows)
    for subset in ("gpqa_diamond", "gpqa_main"):  # only the first is asked for
        write_gpqa(data / "gpqa_diamond/gpqa_diamond.csv", out / f"Idavidrein/gpqa/{subset}.csv")
    hle = out / "cais/hle/data/test-00000-of-00001.parquet"
    write_parquet(hle, hle_rows(hle_items), HLE_SCHEMA)
    code = read_jsonl(data / "livecodebench/test.jsonl")
    lite = out / "livecodebench/code_generation_lite"
    write_jsonl(lite / "test.jsonl", code[::2])
    write_jsonl(lite / "test2.jsonl", code[1::2])
    science = read_jsonl(data / "scicode/problems.jsonl")
    write_jsonl(out / "SciCode1/SciCode/problems_dev.jsonl", science[:1])
    write_jsonl(out / "SciCode1/SciCode/problems_test.jsonl", science[1:])
    for folder in out.glob("*/*"):
        (folder / "README.md").write_text("# A card\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--hle-items", type=int, default=60)
    options = parser.parse_args()
    write_all(options.data, options.out, options.hle_items)


if __name__ == "__main__":
    main()
