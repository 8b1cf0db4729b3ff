"""The parts of a load, by lines that vLLM 0.26 and 0.32 logged."""

from __future__ import annotations

import pytest

from assay_worker.load_parts import in_order, part_of, since_process_start_s, slowest


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("Model loading took 30.6 GiB memory and 3.125000 seconds", ("weights", 3.125)),
        ("torch.compile takes 36.10 s in total", ("compile", 36.1)),
        ("torch.compile took 13.97 s in total", ("compile", 13.97)),
        ("Graph capturing finished in 8 secs, took 0.94 GiB", ("graphs", 8.0)),
        ("Loading weights took 2.10 seconds", ("files", 2.1)),  # a part of the first
        ("init engine (profile, create kv cache, warmup model) took 47.30 s", None),
    ],
)
def test_lines(line: str, part: tuple[str, float] | None) -> None:
    assert part_of(line) == part


def test_the_slowest_rank_counts_and_parts_have_an_order() -> None:
    parts = slowest([{"graphs": 8.0, "weights": 3.0}, {"weights": 4.0}])
    assert in_order({**parts, "process": 0.25}) == [
        {"name": "process", "seconds": 0.25},
        {"name": "weights", "seconds": 4.0},
        {"name": "graphs", "seconds": 8.0},
    ]


def test_on_a_cpu_only_the_files_are_timed() -> None:
    assert in_order({"files": 4.16}) == [{"name": "weights", "seconds": 4.16}]
    assert in_order({"files": 2.0, "weights": 3.0}) == [{"name": "weights", "seconds": 3.0}]


def test_this_process_began_a_while_ago() -> None:
    assert 0 < since_process_start_s() < 24 * 3600
