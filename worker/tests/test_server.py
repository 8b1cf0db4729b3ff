"""The worker's loop with an engine of a few lines, over real pipes."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fake_engine import FakeEngine

from assay_worker.frames import FrameReader, FrameWriter
from assay_worker.server import Server

Frame = dict[str, Any]


class Peer:
    """The other side of a Server that runs in a thread."""

    def __init__(self) -> None:
        server_in, self.to_fd = os.pipe()
        from_fd, server_out = os.pipe()
        self.engine = FakeEngine()
        self.ended: list[str] = []
        self.end_seen = threading.Event()
        self.server = Server(
            FrameReader(server_in), FrameWriter(server_out), self.engine, self.on_end
        )
        self.reader, self.writer = FrameReader(from_fd), FrameWriter(self.to_fd)
        self.status: list[int] = []
        self.thread = threading.Thread(target=lambda: self.status.append(self.server.run()))
        self.thread.start()
        self.beats: list[Frame] = []

    def on_end(self, why: str) -> None:
        self.ended.append(why)
        self.server.leaving = True
        self.server.inbox.put({"type": "stats", "id": -1})  # wakes the loop
        self.end_seen.set()

    def send(self, kind: str, **fields: Any) -> None:
        self.writer.write({"type": kind, **fields})

    def get(self) -> Frame:
        while True:
            frame = self.reader.read()
            assert frame is not None
            if frame["type"] != "heartbeat":
                return frame
            self.beats.append(frame)

    def generate(self, request_id: int, steps: int, tokens: list[int] | None = None) -> None:
        tokens = [1, 2] if tokens is None else tokens
        self.send("generate", id=request_id, prompt_tokens=tokens, max_tokens=steps)


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    hello = made.get()
    assert (hello["type"], hello["protocol"], hello["worker"]) == ("hello", 2, "vllm")
    yield made
    if made.thread.is_alive():
        os.close(made.to_fd)
    made.thread.join(10)
    assert not made.thread.is_alive()


def test_results_come_as_they_finish(peer: Peer) -> None:
    peer.engine.gate = threading.Event()
    for request_id, steps in ((1, 4), (2, 1), (3, 2)):
        peer.generate(request_id, steps)
    peer.send("stats", id=4)
    while len(peer.engine.joined) + peer.server.inbox.qsize() < 3:
        pass  # the first may be in its first step before the others are there
    peer.engine.gate.set()
    got = [peer.get() for _ in range(4)]
    answered = [f["id"] for f in got if f["type"] == "result"]
    assert answered.index(2) < answered.index(3) < answered.index(1)


def test_a_prompt_joins_the_running_batch(peer: Peer) -> None:
    peer.engine.gate = threading.Event()
    peer.generate(1, 2)
    while not peer.engine.joined:
        pass
    peer.generate(2, 2)
    peer.send("stats", id=3)
    peer.engine.gate.set()
    frames = {f["id"]: f for f in (peer.get() for _ in range(3))}
    assert frames[1]["text"] == "answer 1"
    assert frames[2]["text"] == "answer 2"
    assert peer.engine.joined[0] == (1, 0)


def test_cancel_answers_the_target(peer: Peer) -> None:
    peer.engine.gate = threading.Event()
    peer.generate(1, 1_000_000)
    peer.send("cancel", id=2, target=1)
    peer.send("cancel", id=3, target=99)  # nothing by that id: no answer
    peer.send("stats", id=4)
    peer.engine.gate.set()
    assert peer.get()["error"] == "cancelled"
    stats = peer.get()
    assert (stats["type"], stats["running"]) == ("stats", 0)


def test_what_fails_alone_leaves_the_rest(peer: Peer) -> None:
    peer.generate(1, 1, tokens=[])
    assert peer.get()["error"] == "the prompt is empty"
    peer.generate(2, 1, tokens=[7])
    refused = peer.get()
    assert (refused["type"], refused["id"], refused["fatal"]) == ("error", 2, False)
    assert "seven" in refused["why"]
    peer.send("generate", id=3)
    assert "missing field 'prompt_tokens'" in peer.get()["why"]
    peer.send("dance", id=4)
    assert "unknown request `dance`" in peer.get()["what"]
    peer.send("render", id=5, requests=[])
    assert "no model is open" in peer.get()["why"]
    peer.send("open", id=6, model="/nowhere/at/all")
    assert "no model folder" in peer.get()["what"]
    peer.send("load", id=7, args={})
    assert "no model is open" in peer.get()["why"]
    peer.generate(8, 1)
    assert peer.get()["text"] == "answer 8"


def test_a_broken_engine_is_fatal(peer: Peer) -> None:
    peer.generate(1, 5)
    peer.generate(2, 1, tokens=[13])
    frame = peer.get()
    while frame["type"] == "result":
        frame = peer.get()
    assert (frame["type"], frame["id"], frame["fatal"]) == ("error", None, True)
    assert "device lost" in frame["why"]
    peer.thread.join(10)
    assert peer.status == [1]


def test_shutdown_says_bye(peer: Peer) -> None:
    peer.generate(1, 1_000_000)
    peer.send("shutdown", id=2)
    assert peer.get() == {"type": "bye", "id": 2}
    peer.thread.join(10)
    assert peer.status == [0]


def test_the_end_of_the_input_is_the_end(peer: Peer) -> None:
    os.close(peer.to_fd)
    assert peer.end_seen.wait(10)
    assert peer.ended == [""]
    peer.thread.join(10)


def test_a_broken_frame_ends_the_connection(peer: Peer) -> None:
    os.write(peer.to_fd, struct.pack("<I", 3) + b"no!")
    assert peer.end_seen.wait(10)
    assert "not UTF-8 JSON" in peer.ended[0]


def test_heartbeats_come_from_the_greeting_on(peer: Peer) -> None:
    peer.send("stats", id=1)
    peer.get()
    beat = {"type": "heartbeat", "stepping": False, "steps": 0, "generated_tokens": 0}
    assert peer.beats[0] == beat
