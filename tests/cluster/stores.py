"""Stores with all times taken out, so that two runs that differ in nothing else are alike."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from pathlib import Path

# Whatever a clock or a meter said; what was answered and judged is none of it.
TIMES = {
    "load_s", "work_s", "queued_s", "first_token_s", "decode_s",
}  # fmt: skip
LEFT_OUT = {"parts", "gpu_use", "by_in_flight", "energy_j", "in_flight"}
META_TIMES = {"started_at": "1.000", "ended_at": "2.000", "spent_s": "3.000"}


def row_sum(*values: object) -> int:
    """docs/store.md, "Checksums"."""
    parts = []
    for value in values:
        if isinstance(value, int):
            parts.append(b"\x01" + struct.pack("<q", value))
        elif isinstance(value, float):
            parts.append(b"\x02" + struct.pack("<d", value))
        elif isinstance(value, str):
            data = value.encode()
            parts.append(b"\x03" + struct.pack("<Q", len(data)) + data)
        else:
            raise TypeError(f"no column holds {value!r}")
    return struct.unpack(">q", hashlib.sha256(b"".join(parts)).digest()[:8])[0]


def without_times(value: object) -> object:
    if isinstance(value, dict):
        return {k: 0 if k in TIMES else without_times(v) for k, v in value.items()
                if k not in LEFT_OUT}  # fmt: skip
    if isinstance(value, list):
        return [without_times(v) for v in value]
    return value


# What one load of a model sums up over all that it was asked.
SUMS = {"generated_tokens", "prompt_tokens", "in_flight"}


def one_load(db: sqlite3.Connection) -> None:
    """A variant that several shards have loaded, as if it had been loaded once, in the first."""
    db.execute("CREATE TEMP TABLE first AS SELECT l.id AS id, (SELECT count(DISTINCT variant) FROM"
               " loads WHERE id <= (SELECT min(id) FROM loads WHERE variant = l.variant)) AS one"
               " FROM loads AS l")  # fmt: skip
    db.execute("UPDATE responses SET load = (SELECT one FROM first WHERE id = load) WHERE load > 0")
    db.execute("DELETE FROM loads WHERE id NOT IN"
               " (SELECT min(id) FROM loads GROUP BY variant)")  # fmt: skip
    db.execute("UPDATE loads SET id = -(SELECT one FROM first WHERE first.id = loads.id)")
    db.execute("UPDATE loads SET id = -id")
    for key in SUMS:
        db.execute("UPDATE loads SET facts = json_set(facts, ?, 0)", (f"$.{key}",))


def scrub(folder: Path, in_parts: bool = False) -> None:
    """Sets the store's times to the same values everywhere, and the checksums of its rows anew.
    `in_parts`: its variants were run by several shards, or are to be compared with such."""
    db = sqlite3.connect(folder / "store.sqlite")
    db.create_function("row_sum", -1, row_sum, deterministic=True)
    db.create_function("timeless", 1, lambda text: json.dumps(without_times(json.loads(text))))
    if in_parts:
        one_load(db)
    for name, value in META_TIMES.items():
        db.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))
    for name in ("declared", "applied"):
        db.execute("UPDATE meta SET value = json_set(value, '$.at_s', 0) WHERE name = ?", (name,))
    db.execute("UPDATE meta SET sum = row_sum('meta', name, value)")
    db.execute("UPDATE loads SET at = 1.0, facts = timeless(facts)")
    db.execute("UPDATE loads SET sum = row_sum('loads', id, variant, at, facts)")
    db.execute("UPDATE events SET at = 1.0, body = timeless(body)")
    db.execute("UPDATE events SET sum = row_sum('events', id, at, kind, body)")
    db.execute("UPDATE responses SET body = timeless(body)")
    db.execute("UPDATE responses SET sum = row_sum('responses', key, load, body)")
    db.commit()
    db.close()


def moved_clock(folder: Path, variant: str, by_s: float) -> None:
    """As if the node that ran this variant's shard had a clock that is apart by so much."""
    db = sqlite3.connect(folder / "store.sqlite")
    db.create_function("row_sum", -1, row_sum, deterministic=True)
    db.execute("UPDATE meta SET value = printf('%.3f', value + ?) WHERE name = 'ended_at'", (by_s,))
    db.execute("UPDATE loads SET at = at + ? WHERE variant = ?", (by_s, variant))
    db.execute("UPDATE meta SET sum = row_sum('meta', name, value)")
    db.execute("UPDATE loads SET sum = row_sum('loads', id, variant, at, facts)")
    db.commit()
    db.close()
