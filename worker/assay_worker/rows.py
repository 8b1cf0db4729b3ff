"""Rows of a Parquet file as JSON lines: ``python -m assay_worker.rows FILE``.

The main program reads every other container itself. Binary columns (images) are not carried: the
value becomes ``{"binary_bytes": N}``. Exit status: 0; 2 the file is damaged or no Parquet; 3
pyarrow is missing. The last line on standard error says why.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math
import os
import sys
from typing import Any, BinaryIO

BATCH_ROWS = 256
EXIT_BAD_FILE = 2
EXIT_NO_PYARROW = 3


def plain(value: Any) -> Any:
    """A value as JSON has them: dates as ISO 8601, NaN and infinity as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return {"binary_bytes": len(value)}
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return str(value)


def write_rows(file: str, out: BinaryIO) -> int:
    """Writes each row of `file` as one line and returns how many there were."""
    import pyarrow.parquet

    count = 0
    with pyarrow.parquet.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(batch_size=BATCH_ROWS):
            for row in batch.to_pylist():
                line = json.dumps(plain(row), ensure_ascii=False, separators=(",", ":"))
                out.write(line.encode() + b"\n")
                count += 1
    out.flush()
    return count


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m assay_worker.rows FILE", file=sys.stderr)
        return EXIT_BAD_FILE
    try:
        import pyarrow
    except ImportError as error:
        print(f"pyarrow is missing: {error}", file=sys.stderr)
        return EXIT_NO_PYARROW
    try:
        write_rows(arguments[0], sys.stdout.buffer)
    except BrokenPipeError:
        # The reader has gone; keep the interpreter from complaining at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        print(" ".join(str(error).split())[:500] or type(error).__name__, file=sys.stderr)
        return EXIT_BAD_FILE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
