"""An engine of a few lines, for the tests of the server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assay_worker.errors import WorkerError
from assay_worker.outputs import empty_result, failed_result

Frame = dict[str, Any]


class FakeEngine:
    """`max_tokens` of a request is the number of steps it takes; prompt [13] breaks the engine."""

    def __init__(self) -> None:
        self.left: dict[int, int] = {}
        self.joined: list[tuple[int, int]] = []  # request id, how many were running then
        self.closed = threading.Event()
        self.gate: threading.Event | None = None  # a step waits for it

    @property
    def busy(self) -> bool:
        return bool(self.left)

    def preload(self) -> None:
        pass

    def load(self, folder: Path, args: Frame, progress: Callable[[str], None]) -> Frame:
        if args.get("bad"):
            raise WorkerError("unknown engine argument `bad`", "no such argument", "remove it")
        progress("loading")
        return {"load_s": 0.5, "max_model_len": 64, "kernels": ["Fake"]}

    def add(self, frame: Frame) -> Frame | None:
        if not frame["prompt_tokens"]:
            return failed_result(frame["id"], "the prompt is empty")
        if frame["prompt_tokens"] == [7]:
            raise RuntimeError("seven")
        self.joined.append((frame["id"], len(self.left)))
        self.left[frame["id"]] = 0 if frame["prompt_tokens"] == [13] else frame["max_tokens"]
        return None

    def cancel(self, request_id: int) -> Frame | None:
        if self.left.pop(request_id, None) is None:
            return None
        return failed_result(request_id, "cancelled")

    def step(self) -> list[Frame]:
        if self.gate is not None:
            self.gate.wait(10)
        done = []
        for request_id in list(self.left):
            if self.left[request_id] == 0:
                raise WorkerError("the engine failed", "device lost", "none", fatal=True)
            self.left[request_id] -= 1
            if self.left[request_id] == 0:
                del self.left[request_id]
                done.append({**empty_result(request_id), "text": f"answer {request_id}"})
        return done

    def stats(self) -> Frame:
        return {"running": len(self.left), "waiting": 0}

    def tokens_so_far(self) -> int | None:
        return len(self.joined)

    def close(self) -> None:
        self.closed.set()
