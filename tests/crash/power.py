"""What a disk may hold of a store's files after the power failed, by the notes of unsynced.c."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field
from pathlib import Path

HEAD = struct.Struct("<ccHIQ")
NAMES = {"s": "store.sqlite", "w": "store.sqlite-wal", "j": "store.sqlite-journal"}
SECTOR = 512  # what a disk writes whole or not at all


@dataclass
class Note:
    kind: str
    file: str
    offset: int
    data: bytes
    durable: bool = False


@dataclass
class Loss:
    """What one power failure took."""

    notes: int = 0
    unsynced: int = 0
    lost: int = 0
    torn: int = 0


def read_notes(log: Path) -> list[Note]:
    out: list[Note] = []
    data = log.read_bytes() if log.exists() else b""
    at = 0
    while at + HEAD.size <= len(data):
        kind, file, _, length, offset = HEAD.unpack_from(data, at)
        at += HEAD.size
        if at + length > len(data):
            break  # killed while it noted this one: the call itself did not happen
        out.append(Note(kind.decode(), file.decode(), offset, data[at : at + length]))
        at += length
    return out


def mark_durable(notes: list[Note]) -> None:
    """A sync makes all that was done to that file durable, and removals before it: file systems
    keep the order of what they do to folders."""
    synced: set[str] = set()
    for note in reversed(notes):
        if note.kind in "SD":
            synced.add(note.file)
        else:
            note.durable = bool(synced) if note.kind == "U" else note.file in synced


@dataclass
class Files:
    """Content by file; None: there is no such file."""

    content: dict[str, bytearray | None] = field(default_factory=dict)

    @staticmethod
    def read(folder: Path) -> Files:
        paths = {file: folder / name for file, name in NAMES.items()}
        return Files({f: bytearray(p.read_bytes()) if p.exists() else None
                      for f, p in paths.items()})  # fmt: skip

    def write(self, folder: Path) -> None:
        for file, name in NAMES.items():
            content = self.content.get(file)
            if content is None:
                (folder / name).unlink(missing_ok=True)
            else:
                (folder / name).write_bytes(content)
        (folder / "store.sqlite-shm").unlink(missing_ok=True)  # never on the disk by design

    def apply(self, note: Note, parts: list[tuple[int, int]]) -> None:
        if note.kind == "U":
            self.content[note.file] = None
            return
        content = self.content.get(note.file)
        content = bytearray() if content is None else content
        self.content[note.file] = content
        if note.kind == "T":
            del content[note.offset :]
            content.extend(bytes(note.offset - len(content)))
        for begin, end in parts:
            start = note.offset + begin
            if len(content) < start:
                content.extend(bytes(start - len(content)))
            content[start : start + end - begin] = note.data[begin:end]


def parts_left(
    note: Note, kept: float, rng: random.Random, loss: Loss
) -> list[tuple[int, int]] | None:
    """The ranges of an unsynced note's bytes that reached the disk; None: nothing of it."""
    loss.unsynced += 1
    if rng.random() >= kept:
        loss.lost += 1
        return None
    if note.kind != "W" or len(note.data) <= SECTOR or rng.random() < 0.5:
        return [(0, len(note.data))]
    loss.torn += 1
    sectors = [(at, min(at + SECTOR, len(note.data))) for at in range(0, len(note.data), SECTOR)]
    return [part for part in sectors if rng.random() < 0.5]


def fail(before: Files, folder: Path, log: Path, rng: random.Random) -> Loss:
    """Leaves in `folder` what a power failure may leave of what the log notes, done to `before`."""
    notes = read_notes(log)
    mark_durable(notes)
    kept = rng.choice((0.0, 0.5, 0.9, 1.0))
    loss = Loss(notes=len(notes))
    still_there: set[str] = set()  # files whose removal was lost, so no other has their name
    for note in notes:
        if note.kind in "SD" or note.file in still_there:
            continue
        parts = [(0, len(note.data))] if note.durable else parts_left(note, kept, rng, loss)
        if parts is not None:
            before.apply(note, parts)
        elif note.kind == "U":
            still_there.add(note.file)
    before.write(folder)
    return loss
