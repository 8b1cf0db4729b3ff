"""The thin scripts under the names people already use: which command they become."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent


@pytest.fixture
def assay(tmp_path: Path) -> Path:
    """A program that prints its arguments as JSON and ends with 4."""
    program = tmp_path / "assay"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\nsys.exit(4)\n"
    )
    program.chmod(0o755)
    return program


def call(tool: str, *arguments: str, assay: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TOOLS / tool), *arguments],
        env={"ASSAY": str(assay), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_pass1_flags(assay: Path) -> None:
    done = call(
        "eval_codegen_pass1_vllm.py",
        *("--model", "Qwen/Qwen3-32B", "--tensor-parallel-size", "2", "--limit", "20"),
        *("--max-tokens", "1024", "--timeout-s", "6", "--out", "code run"),
        *("--gpu-memory-utilization", "0.92"),
        assay=assay,
    )
    assert done.returncode == 4  # assay's own exit code
    assert json.loads(done.stdout) == [
        "pass1",
        "--model=Qwen/Qwen3-32B",
        "--tensor-parallel-size=2",
        "--limit=20",
        "--max-tokens=1024",
        "--timeout-s=6.0",
        "--out=code run",
        "--engine=gpu_memory_utilization=0.92",
    ]


def test_pass1_leaves_defaults_to_assay(assay: Path) -> None:
    done = call("eval_codegen_pass1_vllm.py", "--model", "m", assay=assay)
    assert json.loads(done.stdout) == ["pass1", "--model=m"]


def test_summarize(assay: Path, tmp_path: Path) -> None:
    done = call("summarize_lmeval_results.py", "a", "--results-dir", "b", assay=assay)
    assert (done.returncode, json.loads(done.stdout)) == (
        4,
        ["summarize", "--format=terminal", "--", "a", "b"],
    )
    out = tmp_path / "deep" / "table.md"
    failed = call("summarize_lmeval_results.py", "a", "--out", str(out), assay=assay)
    assert failed.returncode == 4 and not out.exists()
    assay.write_text('#!/bin/sh\necho "$@"\n')
    call("summarize_lmeval_results.py", "a", "--out", str(out), assay=assay)
    assert out.read_text() == "summarize --format=markdown -- a\n"


def test_no_folder_and_no_program(assay: Path) -> None:
    assert call("summarize_lmeval_results.py", assay=assay).returncode == 2
    missing = call("eval_codegen_pass1_vllm.py", "--model", "m", assay="/no/such/assay")
    assert missing.returncode == 3
    assert missing.stderr.splitlines()[1] == "  why: ASSAY names no program: /no/such/assay"
