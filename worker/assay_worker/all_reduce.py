"""`python -m assay_worker.all_reduce --ranks N --limit-s S`: is an all-reduce right, how fast?

Starts N ranks (all_reduce_rank.py), one a GPU, which sum tensors of growing size and compare every
element with what it must be. Prints one JSON object and ends within the limit whatever hangs, its
ranks killed. Exit code 0: every sum was right; 3: not.

The object: `verified`; `ranks`; `backend`; `no_p2p`; `devices`, by rank; `peer_access`, what CUDA
says of every pair; `transports`, NCCL's own words; `versions`; `all_reduces`, each with `bytes`,
`microseconds` (the median of its repeats on the slowest rank, launch included), `gb_per_s` (bytes
over that time: algorithm bandwidth) and `by`, who summed; `seconds`; `failed`: nothing, or `what`
(`died`, `hung`, `error`, `wrong sum`), `ranks`, `phase`, `after_s`, `why`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay_worker.processes import below, snapshot

RANK_COMMAND = (sys.executable, "-m", "assay_worker.all_reduce_rank")
KILL_S = 1.0  # of the limit, for the end of ranks that hang
UNLIKE = "other vLLM"  # `failed.what`: its group of ranks is made otherwise, nothing was summed
SETTLE_S = (
    0.5  # when one rank falls, its peers see a lost connection: the first cause is waited for
)
FAILED = 3


@dataclass
class Rank:
    """One rank as its parent sees it."""

    number: int
    process: subprocess.Popen[bytes]
    reports: int  # descriptor that JSON lines come from
    unread: bytes = b""
    phase: str = "start"
    phases: int = 0
    done: bool = False
    failure: dict[str, Any] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    times: list[dict[str, Any]] = field(default_factory=list)


def measure(
    options: argparse.Namespace, rank_command: Sequence[str] = RANK_COMMAND
) -> dict[str, Any]:
    """The object that is printed. Never raises for what a rank does."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="assay_all_reduce.") as folder:
        ranks = [start(number, options, folder, rank_command) for number in range(options.ranks)]
        try:
            failed = watch(ranks, began, began + max(options.limit_s - KILL_S, KILL_S))
        finally:
            end(ranks)
        return {
            "verified": failed is None,
            "ranks": options.ranks,
            "backend": "vllm" if options.vllm else "gloo" if options.cpu else "nccl",
            "no_p2p": options.no_p2p,
            "devices": [rank.facts.get("device") for rank in ranks],
            "peer_access": ranks[0].facts.get("peer_access"),
            "transports": transports(Path(folder)),
            "versions": ranks[0].facts.get("versions", {}),
            "all_reduces": slowest(ranks),
            "seconds": round(time.monotonic() - began, 2),
            "failed": failed,
        }


def start(number: int, options: argparse.Namespace, folder: str, command: Sequence[str]) -> Rank:
    reports, writer = os.pipe()
    environment = {**os.environ, "NCCL_DEBUG_FILE": f"{folder}/nccl.%p"}
    environment.setdefault("NCCL_DEBUG", "INFO")
    if options.no_p2p:
        environment["NCCL_P2P_DISABLE"] = "1"
    if options.cpu:
        environment.setdefault("GLOO_SOCKET_IFNAME", "lo")
    arguments = ["--rank", str(number), "--ranks", str(options.ranks)]
    arguments += ["--report-fd", str(writer), "--meeting", f"{folder}/meeting"]
    arguments += ["--max-bytes", str(options.max_bytes)]
    arguments += [f"--{name}" for name in ("cpu", "vllm") if getattr(options, name)]
    arguments += ["--no-p2p"] if options.no_p2p else []
    # A session of its own, so that helpers a rank starts can be found and ended with it. What it
    # prints goes to standard error: standard output holds the one object.
    process = subprocess.Popen(
        [*command, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        pass_fds=(writer,),
        start_new_session=True,
    )
    os.close(writer)
    return Rank(number, process, reports)


def watch(ranks: list[Rank], began: float, until: float) -> dict[str, Any] | None:
    """Until every rank is done, one fails or time is up: what failed, if anything."""
    with selectors.DefaultSelector() as selector:
        for rank in ranks:
            selector.register(rank.reports, selectors.EVENT_READ, rank)
        failed_at = None
        while selector.get_map():
            now = time.monotonic()
            if failed_at is None and any(rank.failure for rank in ranks):
                failed_at = now
            stop = until if failed_at is None else min(until, failed_at + SETTLE_S)
            if now >= stop:
                break
            for key, _ in selector.select(stop - now):
                if not receive(key.data, began):
                    selector.unregister(key.fd)
    return verdict(ranks, time.monotonic() - began)


def receive(rank: Rank, began: float) -> bool:
    """Takes in what a rank said; false when it will say no more."""
    data = os.read(rank.reports, 1 << 16)
    if not data:
        if not rank.done and rank.failure is None:
            rank.failure = failure(rank, "died", how_it_ended(rank.process), began)
        return False
    *lines, rank.unread = (rank.unread + data).split(b"\n")
    for line in lines:
        take(rank, json.loads(line), began)
    return True


def take(rank: Rank, report: dict[str, Any], began: float) -> None:
    if "phase" in report:
        rank.phase, rank.phases = report["phase"], rank.phases + 1
    elif "facts" in report:
        rank.facts.update(report["facts"])
    elif "bytes" in report:
        rank.times.append(report)
    elif "wrong" in report:
        rank.failure = failure(rank, "wrong sum", report["wrong"], began)
    elif "error" in report and rank.failure is None:
        rank.failure = failure(rank, "error", report["error"], began)
    elif "unlike" in report:
        rank.failure = failure(rank, UNLIKE, report["unlike"], began)
    elif "done" in report:
        rank.done = True


def failure(rank: Rank, what: str, why: str, began: float) -> dict[str, Any]:
    after = round(time.monotonic() - began, 2)
    return {"what": what, "ranks": [rank.number], "phase": rank.phase, "after_s": after, "why": why}


def how_it_ended(process: subprocess.Popen[bytes]) -> str:
    try:
        status = process.wait(KILL_S)
    except subprocess.TimeoutExpired:
        return "it closed its reports and still runs"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"ended with exit code {status}"


def verdict(ranks: list[Rank], after_s: float) -> dict[str, Any] | None:
    """The first cause. A wrong sum comes before all; a death before the errors it makes elsewhere;
    among equals the earliest. Where nobody failed and not all are done, those furthest behind hang.
    """
    order = ("wrong sum", "died", UNLIKE, "error")
    found = [rank.failure for rank in ranks if rank.failure is not None]
    if found:
        return min(found, key=lambda f: (order.index(f["what"]), f["after_s"]))
    waiting = [rank for rank in ranks if not rank.done]
    if not waiting:
        return None
    least = min(rank.phases for rank in waiting)
    behind = [rank for rank in waiting if rank.phases == least]
    return {
        "what": "hung",
        "ranks": [rank.number for rank in behind],
        "phase": behind[0].phase,
        "after_s": round(after_s, 2),
        "why": "the time limit was reached",
    }


def end(ranks: list[Rank]) -> None:
    """Kills what still runs and all below it; waits a little for those a driver holds."""
    processes = snapshot()
    for rank in ranks:
        running = {rank.process.pid} if rank.process.poll() is None else set()
        for pid in running | below(rank.process.pid, processes):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        os.close(rank.reports)
    until = time.monotonic() + KILL_S
    for rank in ranks:
        with contextlib.suppress(subprocess.TimeoutExpired):
            rank.process.wait(max(0.0, until - time.monotonic()))


def slowest(ranks: list[Rank]) -> list[dict[str, Any]]:
    """Of each size that all ranks finished: an all-reduce takes as long as its slowest rank."""
    rows = []
    for parts in zip(*(rank.times for rank in ranks), strict=False):
        row = dict(max(parts, key=lambda part: part["microseconds"]))
        row["gb_per_s"] = round(row["bytes"] / row["microseconds"] / 1000, 3)
        rows.append(row)
    return rows


def transports(folder: Path) -> list[str]:
    """How NCCL says that its channels go, as in "Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM"."""
    found: set[str] = set()
    for log in folder.glob("nccl.*"):
        found.update(re.findall(r"\bvia ([A-Z][\w/]+)", log.read_text(errors="replace")))
    return sorted(found)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="assay_worker.all_reduce")
    parser.add_argument("--ranks", type=int, required=True)
    parser.add_argument(
        "--limit-s", type=float, required=True, help="for everything, ends included"
    )
    parser.add_argument(
        "--no-p2p", action="store_true", help="GPUs do not reach each other's memory"
    )
    parser.add_argument("--vllm", action="store_true", help="by vLLM's tensor-parallel group")
    parser.add_argument("--cpu", action="store_true", help="gloo, without GPUs")
    parser.add_argument("--max-bytes", type=int, default=256 << 20, help="largest tensor")
    return parser.parse_args(arguments)


def main() -> int:
    result = measure(parse())
    print(json.dumps(result), flush=True)
    return 0 if result["verified"] else FAILED


if __name__ == "__main__":
    sys.exit(main())
