"""Frames of docs/worker_protocol.md: a 4-byte little-endian length, then one JSON object."""

from __future__ import annotations

import json
import os
import struct
import threading
from typing import Any

MAX_FRAME_BYTES = 67_108_864
_LENGTH = struct.Struct("<I")


class FrameError(Exception):
    """The other side sent something that is no frame, or a frame to be sent is none."""


class FrameReader:
    """Reads whole frames from a descriptor; one thread at a time."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read(self) -> dict[str, Any] | None:
        """The next frame, or None at the end of the stream."""
        head = self._exactly(_LENGTH.size, at_start=True)
        if head is None:
            return None
        (size,) = _LENGTH.unpack(head)
        if size > MAX_FRAME_BYTES:
            raise FrameError(f"frame of {size} bytes, more than {MAX_FRAME_BYTES}")
        body = self._exactly(size, at_start=False)
        assert body is not None
        return decode(body)

    def _exactly(self, size: int, *, at_start: bool) -> bytes | None:
        parts = bytearray()
        while len(parts) < size:
            piece = os.read(self._fd, min(size - len(parts), 1 << 20))
            if not piece:
                if at_start and not parts:
                    return None
                raise FrameError(f"the stream ends {size - len(parts)} bytes before the frame does")
            parts += piece
        return bytes(parts)


def decode(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise FrameError(f"frame is not UTF-8 JSON: {error}") from error
    if not isinstance(value, dict):
        raise FrameError(f"frame is a JSON {type(value).__name__}, not an object")
    if not isinstance(value.get("type"), str):
        raise FrameError("frame has no string `type`")
    return value


def encode(value: dict[str, Any]) -> bytes:
    """Raises FrameError on NaN, infinity and whatever else JSON lacks, and above the size limit."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, TypeError) as error:
        raise FrameError(f"`{value.get('type')}` frame cannot be written: {error}") from error
    # A lone surrogate (a half of a character) has no UTF-8 form.
    body = text.encode("utf-8", errors="replace")
    if len(body) > MAX_FRAME_BYTES:
        raise FrameError(f"`{value.get('type')}` frame of {len(body)} bytes is too long to send")
    return _LENGTH.pack(len(body)) + body


class FrameWriter:
    """Writes frames to a descriptor; safe from any thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.Lock()

    def write(self, value: dict[str, Any]) -> None:
        """Raises FrameError as encode() does (and writes nothing), OSError on a broken pipe."""
        data = memoryview(encode(value))
        with self._lock:
            while data:
                data = data[os.write(self._fd, data) :]
