"""The worker's side of lm-eval runs: starts a process for each and passes frames on."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assay_worker.errors import WorkerError, describe
from assay_worker.frames import FrameError, FrameReader, FrameWriter

Frame = dict[str, Any]


@dataclass
class Run:
    request_id: int
    process: subprocess.Popen[bytes]
    reader: FrameReader
    writer: FrameWriter
    cancelled: bool = False


class LmEvalRuns:
    def __init__(self, send: Callable[[Frame], None]) -> None:
        self.send = send
        self.lock = threading.Lock()
        self.runs: dict[int, Run] = {}
        self.needs: dict[int, tuple[Run, int]] = {}  # number for assay -> run and its own number
        self.next_need = 1

    def start(self, frame: Frame, settings: Frame) -> None:
        """`settings`: the frame's own fields and what the worker knows of the model."""
        to_child_out, to_child = os.pipe()
        from_child, from_child_in = os.pipe()
        command = [sys.executable, "-m", "assay_worker.lm_eval_bridge"]
        command += ["--in-fd", str(to_child_out), "--out-fd", str(from_child_in)]
        process = subprocess.Popen(
            command, pass_fds=(to_child_out, from_child_in), stdin=subprocess.DEVNULL
        )
        os.close(to_child_out)
        os.close(from_child_in)
        run = Run(frame["id"], process, FrameReader(from_child), FrameWriter(to_child))
        with self.lock:
            self.runs[run.request_id] = run
        run.writer.write(settings)
        threading.Thread(target=self.relay, args=(run,), name="lm-eval", daemon=True).start()

    def relay(self, run: Run) -> None:
        last: Frame | None = None
        try:
            while last is None and (frame := run.reader.read()) is not None:
                if frame["type"] == "need":
                    self.send({**frame, "run": run.request_id, "need": self.number(run, frame)})
                elif frame["type"] == "progress":
                    self.send({**frame, "id": run.request_id})
                else:
                    last = {**frame, "id": run.request_id}
            why = "its process ended without a result"
        except (FrameError, OSError) as error:
            why = describe(error)
        with self.lock:
            self.needs = {k: v for k, v in self.needs.items() if v[0] is not run}
            self.runs.pop(run.request_id, None)
        if run.cancelled:
            last, why = None, "cancelled"
        if last is None:
            last = WorkerError("lm-eval ended", why, "see the worker's log").frame(run.request_id)
        self.send(last)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.process.wait(10)

    def number(self, run: Run, frame: Frame) -> int:
        with self.lock:
            number, self.next_need = self.next_need, self.next_need + 1
            self.needs[number] = (run, frame["need"])
        return number

    def have(self, frame: Frame) -> None:
        with self.lock:
            run, number = self.needs.pop(frame["need"], (None, 0))
        if run is not None:
            with contextlib.suppress(OSError):  # it ended; relay() tells
                run.writer.write({**frame, "need": number})

    def cancel(self, request_id: int) -> None:
        with self.lock:
            run = self.runs.get(request_id)
        if run is not None:
            run.cancelled = True
            run.process.kill()
