"""Frames: what is well-formed comes through whole, and nothing else ever does."""

from __future__ import annotations

import json
import os
import random
import struct
import threading

import pytest

from assay_worker.frames import MAX_FRAME_BYTES, FrameError, FrameReader, FrameWriter, encode


def read_all(data: bytes) -> list[dict]:
    """Every frame of a stream that consists of `data`, or FrameError."""
    out, into = os.pipe()
    with os.fdopen(out, "rb", closefd=True) as source:
        feeder = threading.Thread(target=feed, args=(into, data))
        feeder.start()
        reader = FrameReader(source.fileno())
        frames = []
        try:
            while (frame := reader.read()) is not None:
                frames.append(frame)
        finally:
            source.close()
            feeder.join()
        return frames


def feed(fd: int, data: bytes) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view[:5000]) :]
    except BrokenPipeError:
        pass
    finally:
        os.close(fd)


def framed(body: bytes) -> bytes:
    return struct.pack("<I", len(body)) + body


def test_the_layout_is_that_of_the_protocol_page() -> None:
    # 4-byte little-endian length, then UTF-8 JSON: 21 bytes.
    assert encode({"type": "a", "x": "é"}) == b'\x15\0\0\0{"type":"a","x":"\xc3\xa9"}'


def test_frames_come_through_in_order() -> None:
    frames = [{"type": "t", "id": i, "text": "ü\n" * (i * 997)} for i in range(50)]
    assert read_all(b"".join(map(encode, frames))) == frames


def test_an_ended_stream_is_no_error_between_frames() -> None:
    assert read_all(b"") == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x01", "ends"),
        (b"\x05\x00\x00\x00{}", "ends"),
        (struct.pack("<I", MAX_FRAME_BYTES + 1), "more than"),
        (b"\xff\xff\xff\xff", "more than"),
        (framed(b""), "not UTF-8 JSON"),
        (framed(b"{oh no}"), "not UTF-8 JSON"),
        (framed(b'{"type":"\xff"}'), "not UTF-8 JSON"),
        (framed(b"[1]"), "not an object"),
        (framed(b"null"), "not an object"),
        (framed(b"{}"), "no string `type`"),
        (framed(b'{"type":3}'), "no string `type`"),
        (framed(b"[" * 100_000), "not UTF-8 JSON"),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(FrameError, match=why):
        read_all(data)


def test_random_bytes_never_pass_for_frames() -> None:
    rng = random.Random(7)
    for _ in range(300):
        data = rng.randbytes(rng.randrange(1, 60))
        if rng.random() < 0.5:  # a plausible length makes the body matter
            data = framed(data)
        try:
            frames = read_all(data)
        except FrameError:
            continue
        assert all(isinstance(f["type"], str) for f in frames)


def test_damaged_frames_never_come_through_changed() -> None:
    rng = random.Random(11)
    good = {"type": "result", "id": 12, "text": "abc", "token_ids": [1, 2, 3]}
    for _ in range(300):
        data = bytearray(encode(good))
        data[rng.randrange(4)] ^= 1 << rng.randrange(8)  # the length
        try:
            frames = read_all(bytes(data))
        except FrameError:
            continue
        assert frames == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), object(), b"x"])
def test_what_json_lacks_is_not_sent(value: object) -> None:
    out, into = os.pipe()
    with pytest.raises(FrameError, match="`t` frame cannot be written"):
        FrameWriter(into).write({"type": "t", "x": value})
    os.close(into)
    assert os.read(out, 10) == b""
    os.close(out)


def test_half_a_character_becomes_a_question_mark() -> None:
    assert json.loads(encode({"type": "t", "x": "a\ud800b"})[4:]) == {"type": "t", "x": "a?b"}


def test_frames_of_many_threads_do_not_mix() -> None:
    out, into = os.pipe()
    writer = FrameWriter(into)

    def write(name: int) -> None:
        for i in range(40):
            writer.write({"type": "t", "name": name, "i": i, "pad": "x" * 3000})

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    reader = FrameReader(out)
    frames = [reader.read() for _ in range(160)]
    for thread in threads:
        thread.join()
    for name in range(4):
        assert [f["i"] for f in frames if f["name"] == name] == list(range(40))
    os.close(into)
    os.close(out)
