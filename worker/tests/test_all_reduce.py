"""An all-reduce over real ranks (gloo), and every way in which one can fail."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assay_worker import all_reduce, all_reduce_rank
from assay_worker.processes import snapshot

FAULTY = (sys.executable, str(Path(__file__).with_name("faulty_rank.py")))
# A rank that says what it is told to, without torch.
SCRIPTED = """
import json, os, sys, time
fd = int(sys.argv[sys.argv.index("--report-fd") + 1])
say = lambda **what: os.write(fd, json.dumps(what).encode() + b"\\n")
rank = int(sys.argv[sys.argv.index("--rank") + 1])
"""


@pytest.fixture(autouse=True)
def ranks_import_what_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(all_reduce.__file__).parents[1]))


def run(limit_s: float, command: tuple[str, ...], ranks: int = 2) -> dict[str, Any]:
    arguments = ["--ranks", str(ranks), "--limit-s", str(limit_s), "--cpu"]
    return all_reduce.measure(all_reduce.parse([*arguments, "--max-bytes", "65536"]), command)


def scripted(body: str) -> tuple[str, ...]:
    return (sys.executable, "-c", SCRIPTED + body)


def test_sums_are_right_and_told_as_one_object() -> None:
    command = [sys.executable, "-m", "assay_worker.all_reduce", "--ranks", "2", "--cpu"]
    command += ["--limit-s", "120", "--max-bytes", "65536"]
    done = subprocess.run(command, capture_output=True, text=True)
    result = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert result["verified"] is True
    assert result["failed"] is None
    assert result["devices"] == ["cpu", "cpu"]
    assert [row["bytes"] for row in result["all_reduces"]] == [4096, 65536]
    for row in result["all_reduces"]:
        assert row["by"] == "gloo"
        assert row["gb_per_s"] == round(row["bytes"] / row["microseconds"] / 1000, 3)


@pytest.mark.parametrize(
    ("fault", "what", "why"),
    [
        # Rank 0 brings 1000 mod 251 = 247, rank 1 (1000 * 2 + 7) mod 251 = 250.
        ("wrong", "wrong sum", "1 of 16384 numbers, the first at 1000: 498, not 497"),
        ("die", "died", "killed by SIGKILL"),
        ("raise", "error", "RuntimeError: no such device"),
    ],
)
def test_the_rank_that_failed_is_named(fault: str, what: str, why: str) -> None:
    result = run(120, (*FAULTY, fault))
    failed = result["failed"]
    assert result["verified"] is False
    assert (failed["what"], failed["ranks"], failed["why"]) == (what, [1], why)
    assert failed["phase"] == "all-reduce of 65536 bytes"
    assert [row["bytes"] for row in result["all_reduces"]] == [4096]


def test_a_rank_that_hangs_ends_with_the_limit_and_nothing_is_left() -> None:
    body = """
import subprocess
say(phase="join the group")
if rank == 0: say(phase="all-reduce of 4096 bytes")
subprocess.Popen(["sleep", "611.5"])
time.sleep(600)
"""
    began = time.monotonic()
    result = run(3, scripted(body))
    # The limit, and what a busy machine may take to start and end processes on top.
    assert time.monotonic() - began < 10
    failed = result["failed"]
    assert (failed["what"], failed["ranks"], failed["phase"]) == ("hung", [1], "join the group")
    assert not [pid for pid in snapshot() if is_its_sleep(pid)]


# Told from the sleeps of other tests, which may run at the same time, by how long it is.
def is_its_sleep(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x00611.5\x00"
    except OSError:
        return False


def test_a_death_comes_before_the_errors_it_makes() -> None:
    body = """
say(phase="join the group")
if rank == 0:
    say(error="RuntimeError: connection closed by peer")
    sys.exit(1)
time.sleep(0.1)
os.kill(os.getpid(), 9)
"""
    failed = run(30, scripted(body))["failed"]
    assert (failed["what"], failed["ranks"]) == ("died", [1])


def test_an_end_without_a_word_is_no_success() -> None:
    failed = run(30, scripted('say(phase="import")\n'))["failed"]
    assert failed["what"] == "died"
    assert failed["why"] == "ended with exit code 0"


def test_a_release_that_makes_groups_otherwise_says_nothing_of_the_cards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[dict[str, Any]] = []
    reporter = SimpleNamespace(say=lambda **what: said.append(what))

    class Moved:
        def __init__(self, *_: object) -> None:
            raise AttributeError("module 'parallel_state' has no attribute 'get_tp_group'")

    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(__version__="0.40.0"))
    monkeypatch.setattr(all_reduce_rank, "VllmGroup", Moved)
    words = ["--rank=0", "--ranks=1", "--report-fd=1", "--max-bytes=4096", "--meeting=m", "--cpu"]
    all_reduce_rank.work(all_reduce_rank.parse([*words, "--vllm"]), reporter)  # type: ignore[arg-type]
    assert list(said[-1]) == ["unlike"]
    failed = run(30, scripted(f"say(unlike={said[-1]['unlike']!r})\n"))["failed"]
    assert failed["what"] == "other vLLM"
    assert failed["why"].startswith("AttributeError: module 'parallel_state'")


def test_of_each_size_the_slowest_rank_counts() -> None:
    body = """
say(bytes=4096, microseconds=10.0 + rank, by="gloo")
say(done=True)
"""
    result = run(30, scripted(body), ranks=3)
    assert result["verified"] is True
    row = {"bytes": 4096, "microseconds": 12.0, "by": "gloo", "gb_per_s": 0.341}
    assert result["all_reduces"] == [row]


def test_transports_are_read_from_nccls_log(tmp_path: Path) -> None:
    # Two lines in the form NCCL 2.x gives them.
    (tmp_path / "nccl.1").write_text(
        "host:1:9 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM\n"
        "host:1:9 [0] NCCL INFO Channel 01/0 : 0[0] -> 1[1] via SHM/direct/direct\n"
    )
    assert all_reduce.transports(tmp_path) == ["P2P/CUMEM", "SHM/direct/direct"]
