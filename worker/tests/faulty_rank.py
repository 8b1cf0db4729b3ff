"""A rank of all_reduce.py whose rank 1 fails at the second size: `faulty_rank.py FAULT ...`."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from assay_worker import all_reduce_rank

AT_NUMBERS = 64 * 1024 // 4


def spoil(fault: str) -> None:
    right = all_reduce_rank.Group.sum

    def wrong(self: Any, tensor: Any) -> Any:
        import torch.distributed as dist

        mine = dist.get_rank() == 1 and len(tensor) == AT_NUMBERS
        if mine and fault == "hang":
            time.sleep(600)
        if mine and fault == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if mine and fault == "raise":
            raise RuntimeError("no such device")
        summed, by = right(self, tensor)
        if mine and fault == "wrong":
            summed[1000] += 1
        return summed, by

    all_reduce_rank.Group.sum = wrong  # type: ignore[method-assign]


if __name__ == "__main__":
    spoil(sys.argv.pop(1))
    all_reduce_rank.main()
