"""What is lowered where a load lacked memory, from the words of vLLM and of torch."""

from __future__ import annotations

import pytest

from assay_worker.errors import WorkerError
from assay_worker.memory import less_memory

# The two that were seen on H200s beside a process that held 24 GiB.
BESIDE_A_HOG = (
    "ValueError: Free memory on device cuda:0 (113.83/139.8 GiB) on startup is less than desired "
    "GPU memory utilization (0.92, 128.62 GiB). Decrease GPU memory utilization or reduce GPU "
    "memory used by other processes."
)
OUT = "OutOfMemoryError: CUDA out of memory. Tried to allocate 130.00 GiB"
NO_BLOCKS = "ValueError: No available memory for the cache blocks. Try increasing"


@pytest.mark.parametrize(
    ("why", "args", "expected"),
    [
        (BESIDE_A_HOG, {}, {"gpu_memory_utilization": 0.79}),  # 113.83 / 139.8 less 0.02
        (OUT, {"gpu_memory_utilization": 0.92}, {"gpu_memory_utilization": 0.82}),
        (OUT, {"kv_cache_memory_bytes": 130 << 30}, {"kv_cache_memory_bytes": 65 << 30}),
        (
            NO_BLOCKS,
            {"max_num_seqs": 512},
            {"max_num_seqs": 256, "max_num_batched_tokens": 8192},
        ),
        (NO_BLOCKS, {"max_num_seqs": 1, "max_num_batched_tokens": 2048}, {"max_num_seqs": 1}),
        ("RuntimeError: NCCL error", {}, {}),
        ("", {}, {}),
    ],
)
def test_one_step_less(why: str, args: dict[str, int], expected: dict[str, float]) -> None:
    assert less_memory(why, {"gpu_memory_utilization": 0.92, **args}) == expected


def test_where_hardly_anything_is_left_nothing_is_lowered() -> None:
    assert less_memory(OUT, {"gpu_memory_utilization": 0.15}) == {}
    assert less_memory(OUT, {}) == {}


def test_the_error_carries_it() -> None:
    error = WorkerError("a", "b", "c", fatal=True, less_memory={"max_num_seqs": 2})
    assert error.frame(3)["less_memory"] == {"max_num_seqs": 2}
    assert "less_memory" not in WorkerError("a", "b", "c").frame(3)
