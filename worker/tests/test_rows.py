"""Parquet files to JSON lines."""

from __future__ import annotations

import datetime
import decimal
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assay_worker.rows import plain, write_rows

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def write(path: Path, columns: dict[str, Any]) -> Path:
    parquet.write_table(pyarrow.table(columns), path)
    return path


def rows_of(path: Path) -> list[dict[str, Any]]:
    out = io.BytesIO()
    count = write_rows(str(path), out)
    lines = out.getvalue().decode().splitlines()
    assert len(lines) == count
    return [json.loads(line) for line in lines]


def test_every_kind_of_value(tmp_path: Path) -> None:
    file = write(
        tmp_path / "t.parquet",
        {
            "text": ["é\n", None],
            "whole": [1, 2**62],
            "real": [0.5, float("nan")],
            "flag": [True, False],
            "list": [["a", "b"], []],
            "image": [{"bytes": b"\x89PNG", "path": "a.png"}, None],
            "date": [datetime.datetime(2024, 5, 1, 12), None],
            "decimal": [decimal.Decimal("1.10"), None],
        },
    )
    assert rows_of(file) == [
        {
            "text": "é\n",
            "whole": 1,
            "real": 0.5,
            "flag": True,
            "list": ["a", "b"],
            "image": {"bytes": {"binary_bytes": 4}, "path": "a.png"},
            "date": "2024-05-01T12:00:00",
            "decimal": "1.10",
        },
        {
            "text": None,
            "whole": 2**62,
            "real": None,
            "flag": False,
            "list": [],
            "image": None,
            "date": None,
            "decimal": None,
        },
    ]


def test_more_rows_than_a_batch(tmp_path: Path) -> None:
    file = write(tmp_path / "t.parquet", {"i": list(range(1000))})
    assert [row["i"] for row in rows_of(file)] == list(range(1000))


def test_line_separators_stay_inside_the_line(tmp_path: Path) -> None:
    # json.dumps leaves U+2028 as it is; only "\n" ends a line for the reader.
    file = write(tmp_path / "t.parquet", {"t": ["a\u2028b\r\nc"]})
    out = io.BytesIO()
    write_rows(str(file), out)
    assert out.getvalue().count(b"\n") == 1
    assert json.loads(out.getvalue()) == {"t": "a\u2028b\r\nc"}


def test_infinite_is_null() -> None:
    assert plain([float("inf"), datetime.timedelta(seconds=90)]) == [None, 90.0]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assay_worker.rows", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
        check=False,
    )


def test_command(tmp_path: Path) -> None:
    good = write(tmp_path / "t.parquet", {"i": [1]})
    done = run(str(good))
    assert (done.returncode, done.stdout) == (0, '{"i":1}\n')
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(good.read_bytes()[:-9])
    for file in (bad, tmp_path / "missing.parquet"):
        done = run(str(file))
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.strip()
        assert "Traceback" not in done.stderr
