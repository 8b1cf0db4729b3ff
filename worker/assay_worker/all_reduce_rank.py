"""One rank of all_reduce.py: sums tensors with the others and checks every element.

Says where it is in JSON lines on a descriptor; a rank that hangs has said in what.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import statistics
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from assay_worker.vllm_releases import ranks_group, sums_by_own_kernel

REPEATS = 5
SMALLEST_BYTES, FACTOR = 4 << 10, 16  # 4 KiB, 64 KiB, 1, 16, 256 MiB
PERIOD = 251  # a prime, so that a piece that lands elsewhere, or twice, has other values
PR_SET_PDEATHSIG = 1


class Reporter:
    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self.descriptor = descriptor

    def say(self, **report: Any) -> None:
        os.write(self.descriptor, json.dumps(report).encode() + b"\n")


def pattern(count: int, rank: int, device: Any) -> Any:
    """What a rank brings: whole numbers below PERIOD, so that float32 adds them without rounding,
    in whatever order, for any number of ranks that fits one machine."""
    import torch

    at = torch.arange(count, dtype=torch.int32, device=device) % PERIOD
    return ((at * (rank + 1) + 7 * rank) % PERIOD).to(torch.float32)


def check(summed: Any, expected: Any) -> str:
    """Empty, or how a sum is wrong."""
    import torch

    if torch.equal(summed, expected):
        return ""
    wrong = (summed != expected).nonzero().flatten()
    first = int(wrong[0])
    return (
        f"{len(wrong)} of {len(expected)} numbers, the first at {first}: "
        f"{summed[first].item():g}, not {expected[first].item():g}"
    )


def sizes(largest: int) -> list[int]:
    found = [SMALLEST_BYTES]
    while found[-1] * FACTOR <= largest:
        found.append(found[-1] * FACTOR)
    return found


class Group:
    """The ranks' process group: torch's own, by NCCL or gloo."""

    def __init__(self, options: argparse.Namespace, device: Any) -> None:
        import torch.distributed as dist

        self.name = "gloo" if options.cpu else "nccl"
        dist.init_process_group(
            self.name,
            init_method=f"file://{options.meeting}",
            rank=options.rank,
            world_size=options.ranks,
        )

    def sum(self, tensor: Any) -> tuple[Any, str]:
        """The sum, which may be a tensor of its own, and who made it."""
        import torch.distributed as dist

        dist.all_reduce(tensor)
        return tensor, self.name


class VllmGroup:
    """vLLM's tensor-parallel group, which chooses by size: its own kernel, or NCCL."""

    def __init__(self, options: argparse.Namespace, device: Any) -> None:
        self.backend = "gloo" if options.cpu else "nccl"
        self.group = ranks_group(
            options.rank, options.ranks, f"file://{options.meeting}", self.backend,
            own_kernel=not options.no_p2p,
        )  # fmt: skip

    def sum(self, tensor: Any) -> tuple[Any, str]:
        own = sums_by_own_kernel(self.group, tensor)
        return self.group.all_reduce(tensor), "vllm custom" if own else self.backend


def facts(options: argparse.Namespace) -> dict[str, Any]:
    import torch

    versions = {"torch": torch.__version__}
    if options.vllm:
        import vllm

        versions["vllm"] = vllm.__version__
    if options.cpu:
        return {"device": "cpu", "versions": versions}
    versions["nccl"] = ".".join(map(str, torch.cuda.nccl.version()))
    pairs = [(a, b) for a in range(options.ranks) for b in range(options.ranks) if a != b]
    peers = all(torch.cuda.can_device_access_peer(a, b) for a, b in pairs)
    return {
        "device": torch.cuda.get_device_name(options.rank),
        "peer_access": peers,
        "versions": versions,
    }


def choose_device(options: argparse.Namespace) -> tuple[Any, Callable[[], None]]:
    """This rank's device, and how to wait for what was asked of it."""
    import torch

    if options.cpu:
        return torch.device("cpu"), lambda: None
    if torch.cuda.device_count() < options.ranks:
        seen = torch.cuda.device_count()
        raise RuntimeError(f"{options.ranks} ranks need as many GPUs, {seen} can be seen")
    torch.cuda.set_device(options.rank)
    return torch.device("cuda", options.rank), torch.cuda.synchronize


def reduce_size(
    group: Any, options: argparse.Namespace, size: int, device: Any, wait: Callable[[], None]
) -> dict[str, Any]:
    """{"bytes", "microseconds", "by"}, or {"wrong"}; the first of all repeats is not timed."""
    import torch

    count = size // 4
    own = pattern(count, options.rank, device)
    expected = torch.zeros_like(own)
    for rank in range(options.ranks):
        expected += pattern(count, rank, device)
    tensor, by, times = torch.empty_like(own), "", []
    for repeat in range(REPEATS + 1):
        tensor.copy_(own)
        group.sum(torch.ones(4, device=device))  # the ranks begin together
        wait()
        began = time.perf_counter()
        summed, by = group.sum(tensor)
        wait()
        if repeat > 0:
            times.append((time.perf_counter() - began) * 1e6)
        if wrong := check(summed, expected):
            return {"wrong": wrong}
    return {"bytes": size, "microseconds": round(statistics.median(times), 1), "by": by}


def work(options: argparse.Namespace, reporter: Reporter) -> None:
    reporter.say(phase="import")
    import torch  # noqa: F401

    if options.vllm:
        import vllm  # noqa: F401
    reporter.say(phase="open the device")
    device, wait = choose_device(options)
    reporter.say(facts=facts(options))
    reporter.say(phase="join the group")
    try:
        group = (VllmGroup if options.vllm else Group)(options, device)
    except (ImportError, AttributeError, TypeError) as error:
        if not options.vllm:
            raise
        # A release that makes its groups otherwise, which says nothing of the cards.
        reporter.say(unlike=f"{type(error).__name__}: {error}"[:2000])
        return
    for size in sizes(options.max_bytes):
        reporter.say(phase=f"all-reduce of {size} bytes")
        row = reduce_size(group, options, size, device, wait)
        reporter.say(**row)
        if "wrong" in row:
            return
    reporter.say(done=True)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="assay_worker.all_reduce_rank")
    for name in ("rank", "ranks", "report-fd", "max-bytes"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--meeting", required=True, help="a file the ranks meet at")
    for name in ("no-p2p", "vllm", "cpu"):
        parser.add_argument(f"--{name}", action="store_true")
    return parser.parse_args(arguments)


def main() -> None:
    """Never returns: the end of a process group can hang, too."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    options = parse()
    reporter = Reporter(options.report_fd)
    try:
        work(options, reporter)
    except BaseException as error:
        traceback.print_exc()
        reporter.say(error=f"{type(error).__name__}: {error}"[:2000])
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
