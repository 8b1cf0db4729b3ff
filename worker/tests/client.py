"""A small blocking client of docs/worker_protocol.md, for tests."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from assay_worker.frames import FrameReader, FrameWriter

Frame = dict[str, Any]
GREEDY = {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "stop": []}


class WorkerClient:
    def __init__(self, command: list[str], env: dict[str, str] | None = None,
                 log: Path | None = None) -> None:  # fmt: skip
        to_worker, self.to_fd = os.pipe()
        self.from_fd, from_worker = os.pipe()
        with open(log or os.devnull, "ab") as out:
            self.process = subprocess.Popen(
                [*command, "--in-fd", str(to_worker), "--out-fd", str(from_worker)],
                pass_fds=(to_worker, from_worker), env={**os.environ, **(env or {})},
                stdout=out, stderr=out,
            )  # fmt: skip
        os.close(to_worker)
        os.close(from_worker)
        self.reader, self.writer = FrameReader(self.from_fd), FrameWriter(self.to_fd)
        self.next_id = 1
        self.kept: list[Frame] = []
        self.beats: list[Frame] = []

    @classmethod
    def vllm(cls, log: Path | None = None, env: dict[str, str] | None = None) -> WorkerClient:
        return cls([sys.executable, "-m", "assay_worker"], env, log)

    def send(self, kind: str, **fields: Any) -> int:
        number, self.next_id = self.next_id, self.next_id + 1
        self.writer.write({"type": kind, "id": number, **fields})
        return number

    def receive(self, timeout_s: float) -> Frame | None:
        """The next frame but heartbeats; None at the end of the stream."""
        end = time.monotonic() + timeout_s
        while True:
            ready, _, _ = select.select([self.from_fd], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"no frame within {timeout_s} s")
            frame = self.reader.read()
            if frame is None or frame["type"] != "heartbeat":
                return frame
            self.beats.append(frame)

    def wait(self, number: int | None = None, kind: str = "", timeout_s: float = 30.0) -> Frame:
        """The frame with this id (progress left aside) or of this type; others are kept."""

        def wanted(frame: Frame) -> bool:
            if number is not None:
                return frame.get("id") == number and frame["type"] != "progress"
            return frame["type"] == kind

        for i, frame in enumerate(self.kept):
            if wanted(frame):
                return self.kept.pop(i)
        end = time.monotonic() + timeout_s
        while True:
            frame = self.receive(end - time.monotonic())
            if frame is None:
                raise EOFError("the worker ended")
            if wanted(frame):
                return frame
            self.kept.append(frame)

    def ask(self, kind: str, timeout_s: float = 30.0, **fields: Any) -> Frame:
        return self.wait(self.send(kind, **fields), timeout_s=timeout_s)

    def generate(self, tokens: list[int], max_tokens: int, **sampling: Any) -> int:
        values = {**GREEDY, "max_tokens": max_tokens, **sampling}
        return self.send("generate", prompt_tokens=tokens, sampling=values)

    def close(self) -> int:
        """Ends the worker by ending its input; its exit status."""
        for fd in (self.to_fd, self.from_fd):
            if fd >= 0:
                os.close(fd)
        self.to_fd = self.from_fd = -1
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def __enter__(self) -> WorkerClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
