#!/usr/bin/env python3
"""pass@1 of the code tasks for one model: `assay pass1` under the name and flags of plain scripts.

usage: eval_codegen_pass1_vllm.py --model M [--tensor-parallel-size N] [--limit N]
           [--max-tokens N] [--timeout-s S] [--max-model-len N] [--tasks LIST] [--data DIR]
           [--gpu-memory-utilization F] [--out DIR]

Ends as assay does (docs/exit_codes.md). The numbers lie in OUT/results/model/pass1.json.
"""

from __future__ import annotations

import argparse
import os
import sys

from find_assay import find_assay

# What `assay pass1` takes under the same name.
SAME = ("tensor-parallel-size", "limit", "max-tokens", "timeout-s", "max-model-len", "tasks")
PATHS = ("data", "out")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description="pass@1 of LiveCodeBench and SciCode for one model.")
    made.add_argument("--model", required=True, help="hub id or folder")
    for name in ("tensor-parallel-size", "limit", "max-tokens", "max-model-len"):
        made.add_argument(f"--{name}", type=int)
    made.add_argument("--timeout-s", type=float, help="CPU seconds a test")
    made.add_argument("--gpu-memory-utilization", type=float)
    made.add_argument("--tasks", "--benchmarks", help="livecodebench,scicode")
    made.add_argument("--data", help="folder with the data sets' files; else the hub")
    made.add_argument("--out", "--output", "--output-dir", dest="out", help="the run's folder")
    return made


def command(arguments: list[str]) -> list[str]:
    given = vars(parser().parse_args(arguments))
    words = [find_assay(), "pass1", f"--model={given['model']}"]
    for name in (*SAME, *PATHS):
        value = given[name.replace("-", "_")]
        if value is not None:
            words.append(f"--{name}={value}")
    if given["gpu_memory_utilization"] is not None:
        words.append(f"--engine=gpu_memory_utilization={given['gpu_memory_utilization']}")
    return words


if __name__ == "__main__":
    words = command(sys.argv[1:])
    os.execv(words[0], words)
