"""Our result and sample files, read back by lm-eval's own code.

usage: lm_eval_reads.py PYTHON GOLDEN

PYTHON has lm-eval; exit status 77 when it is not there.
"""

import subprocess
import sys
from pathlib import Path


def check(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")
    print("ok", what)


def rows_of(table: str) -> list[list[str]]:
    return [[c.strip() for c in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def read(golden: Path) -> None:
    import json

    from lm_eval.utils import (
        get_latest_filename,
        get_results_filenames,
        get_sample_results_filenames,
        make_table,
    )

    folder = golden / "one_worse" / "results" / "nvfp4"
    files = [str(f) for f in folder.iterdir()]
    results = get_latest_filename(get_results_filenames(files))
    report = json.loads(Path(results).read_text())
    rows = rows_of(make_table(report))
    # 15 of 40 right; the standard error of lm-eval's mean_stderr: sqrt(p(1 - p) / 39)
    math = next(i for i, row in enumerate(rows) if row[0] == "Task math")
    found = [(r[4], r[6], r[8]) for r in rows[math : math + 2]]
    check("table", found, [("lm_eval", "0.375", "0.0775"), ("robust", "0.375", "0.0775")])
    check("rows", len(rows), 4)
    samples = get_sample_results_filenames(files)
    check("sample files", len(samples), 2)
    lines = Path(next(f for f in samples if "math" in f)).read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    check("samples", len(rows), 40)
    check("mean of samples", sum(r["robust"] for r in rows) / 40, 0.375)
    for situation in sorted(golden.iterdir()):
        for file in situation.glob("results/*/results_*.json"):
            make_table(json.loads(file.read_text()))
    print("ok every situation's table")


def main() -> int:
    if sys.argv[1] == "--read":
        read(Path(sys.argv[2]))
        return 0
    if not Path(sys.argv[1]).exists():
        print("no lm-eval here: skipped")
        return 77
    return subprocess.run([sys.argv[1], "-B", __file__, "--read", sys.argv[2]]).returncode


if __name__ == "__main__":
    sys.exit(main())
