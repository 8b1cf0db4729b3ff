"""The worker's loop. Threads: the reader, the heartbeat, one that renders; the engine has this one.

Main thread: take what has come, step the engine, send what it finished, again.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from assay_worker import PROTOCOL, __version__
from assay_worker.errors import WorkerError, describe
from assay_worker.frames import FrameError, FrameReader, FrameWriter
from assay_worker.outputs import failed_result
from assay_worker.processes import kill_descendants
from assay_worker.versions import capabilities, installed_versions

Frame = dict[str, Any]
HEARTBEAT_S = 2.0
MAX_IN_FLIGHT = 2048
POLITE_S = 6.0
ENGINE_REQUESTS = ("generate", "loglikelihood", "prompt_logprobs")


class Engine(Protocol):
    """What the loop needs of an engine; engine.VllmEngine, or a fake one in tests."""

    @property
    def busy(self) -> bool: ...
    def preload(self) -> None: ...
    def load(self, folder: Path, args: Frame, progress: Callable[[str], None]) -> Frame: ...
    def add(self, frame: Frame) -> Frame | None: ...
    def cancel(self, request_id: int) -> Frame | None: ...
    def step(self) -> list[Frame]: ...
    def stats(self) -> Frame: ...
    def tokens_so_far(self) -> int | None: ...
    def close(self) -> None: ...


class Server:
    def __init__(
        self,
        reader: FrameReader,
        writer: FrameWriter,
        engine: Engine,
        on_end: Callable[[str], None] | None = None,
    ) -> None:
        """`on_end` is called when assay is gone, with the reason if it did not just close."""
        self.reader, self.writer, self.engine = reader, writer, engine
        self.on_end = on_end or leave
        self.inbox: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self.to_render: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self.renderer: Any = None
        self.opens_asked = 0
        self.opens_done = 0
        self.opens_changed = threading.Condition()
        self.loaded: Frame | None = None
        self.in_flight = 0
        self.steps = 0
        self.runs: Any = None  # lm-eval runs, made on first use
        self.leaving = False
        self.status = 0

    # ------------------------------------------------ threads
    def run(self) -> int:
        self.writer.write(self.hello())
        for target in (self.read, self.beat, self.render_loop):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()
        while not self.leaving:
            if not self.engine.busy:
                self.dispatch(self.inbox.get())
            while not self.leaving and not self.inbox.empty():
                self.dispatch(self.inbox.get())
            if self.engine.busy and not self.leaving:
                self.step()
        return self.status

    def read(self) -> None:
        why = ""
        try:
            while (frame := self.reader.read()) is not None:
                if frame["type"] in ("open", "render"):
                    self.opens_asked += frame["type"] == "open"
                    self.to_render.put(frame)
                else:
                    self.inbox.put(frame)
        except (FrameError, OSError) as error:
            why = describe(error)
        self.on_end(why)

    def beat(self) -> None:
        while True:
            # `steps` tells an engine that works from one that hangs.
            beat = {"type": "heartbeat", "stepping": self.engine.busy, "steps": self.steps}
            if (tokens := self.engine.tokens_so_far()) is not None:
                beat["generated_tokens"] = tokens
            self.send(beat)
            time.sleep(HEARTBEAT_S)

    def render_loop(self) -> None:
        while True:
            frame = self.to_render.get()
            self.answer(frame, self.open if frame["type"] == "open" else self.render)
            if frame["type"] == "open":
                with self.opens_changed:
                    self.opens_done += 1
                    self.opens_changed.notify_all()

    # ------------------------------------------------ sending
    def send(self, frame: Frame) -> None:
        try:
            self.writer.write(frame)
        except FrameError as error:
            if frame.get("id") is None:
                raise
            if frame["type"] == "result":
                self.writer.write(failed_result(frame["id"], str(error)))
            else:
                fix = "ask for less at once"
                self.writer.write(WorkerError("no answer", str(error), fix).frame(frame["id"]))
        except OSError as error:
            self.on_end(describe(error))

    def answer(self, frame: Frame, handler: Callable[[Frame], Frame | None]) -> None:
        """Sends what the handler returns, or the error it raises."""
        try:
            reply = handler(frame)
        except WorkerError as error:
            self.fail(error, frame.get("id"))
            return
        except Exception as error:
            traceback.print_exc()
            why = f"missing field {error}" if isinstance(error, KeyError) else describe(error)
            wrong = WorkerError(f"`{frame['type']}` failed", why, "see docs/worker_protocol.md")
            self.fail(wrong, frame.get("id"))
            return
        if reply is not None:
            self.send(reply)

    # ------------------------------------------------ requests
    def dispatch(self, frame: Frame) -> None:
        kind = frame["type"]
        handlers: dict[str, Callable[[Frame], Frame | None]] = {
            "load": self.load,
            "cancel": self.cancel,
            "stats": lambda f: {"type": "stats", "id": f["id"], **self.engine.stats()},
            "shutdown": self.shutdown,
            "lm_eval": self.lm_eval,
            "have": self.have,
        }
        self.answer(frame, self.submit if kind in ENGINE_REQUESTS else handlers.get(kind, unknown))

    def hello(self) -> Frame:
        return {
            "type": "hello",
            "protocol": PROTOCOL,
            "worker": "vllm",
            "versions": {**installed_versions(), "assay_worker": __version__},
            "capabilities": capabilities(),
            "max_in_flight": MAX_IN_FLIGHT,
            "pid": os.getpid(),
        }

    def open(self, frame: Frame) -> Frame:
        from assay_worker.render import Renderer

        chat = frame.get("chat") or {}
        renderer = Renderer(
            Path(frame["model"]),
            chat.get("apply_template", True),
            chat.get("template_args") or {},
        )
        if frame.get("will_load"):
            self.engine.preload()
        reply = {"type": "opened", "id": frame["id"], **renderer.facts()}
        self.renderer = renderer
        return reply

    def render(self, frame: Frame) -> Frame:
        if self.renderer is None:
            raise WorkerError("cannot render", "no model is open", "send `open` first")
        prompts = [self.renderer.render(request) for request in frame["requests"]]
        return {"type": "rendered", "id": frame["id"], "prompts": prompts}

    def wait_for_opens(self) -> None:
        """An `open` sent just before may still be at work in its thread."""
        with self.opens_changed:
            self.opens_changed.wait_for(lambda: self.opens_done >= self.opens_asked)

    def load(self, frame: Frame) -> Frame:
        self.wait_for_opens()
        if self.renderer is None:
            raise WorkerError("cannot load", "no model is open", "send `open` first")

        def progress(text: str) -> None:
            self.send({"type": "progress", "id": frame["id"], "text": text})

        facts = self.engine.load(self.renderer.folder, frame.get("args") or {}, progress)
        self.loaded = facts
        return {"type": "loaded", "id": frame["id"], **facts}

    def submit(self, frame: Frame) -> Frame | None:
        if self.in_flight >= MAX_IN_FLIGHT:
            return failed_result(frame["id"], "more requests in flight than max_in_flight")
        result = self.engine.add(frame)
        self.in_flight += result is None
        return result

    def step(self) -> None:
        try:
            results = self.engine.step()
        except WorkerError as error:
            self.fail(error, None)
            return
        self.steps += 1
        for result in results:
            self.in_flight -= 1
            self.send(result)

    def fail(self, error: WorkerError, request_id: int | None) -> None:
        self.send(error.frame(request_id))
        if error.fatal:
            self.leaving, self.status = True, 1

    def cancel(self, frame: Frame) -> Frame | None:
        result = self.engine.cancel(frame["target"])
        if result is not None:
            self.in_flight -= 1
        elif self.runs is not None:
            self.runs.cancel(frame["target"])
        return result

    def shutdown(self, frame: Frame) -> Frame:
        self.leaving = True
        return {"type": "bye", "id": frame.get("id")}

    # ------------------------------------------------ lm-eval
    def lm_eval(self, frame: Frame) -> None:
        from assay_worker.lm_eval_runs import LmEvalRuns

        self.wait_for_opens()
        renderer = self.renderer
        if renderer is None:
            raise WorkerError("cannot run lm-eval", "no model is open", "send `open` first")
        if "lm_eval" not in installed_versions():
            fix = "install lm-eval[math] in the worker's environment"
            raise WorkerError("lm-eval is not installed", "the package is not found", fix)
        if self.runs is None:
            self.runs = LmEvalRuns(self.send)
        longest = (self.loaded or {}).get("max_model_len") or renderer.own_max_model_len
        settings = {
            **frame,
            "model": str(renderer.folder),
            "template_args": renderer.template_args,
            "model_name": frame.get("model_name") or renderer.folder.name,
            "apply_chat_template": frame.get("apply_chat_template", renderer.apply_template),
            "max_length": frame.get("max_length") or longest,
        }
        self.runs.start(frame, settings)

    def have(self, frame: Frame) -> None:
        if self.runs is not None:
            self.runs.have(frame)


def unknown(frame: Frame) -> Frame:
    what = f"unknown request `{frame['type']}`"
    raise WorkerError(what, f"protocol {PROTOCOL} has none of that name", "use matching versions")


def leave(why: str) -> None:
    """assay is gone: so is everything below, at once."""
    if why:
        print(f"assay_worker: connection ended: {why}", file=sys.stderr, flush=True)
    kill_descendants()
    os._exit(3 if why else 0)


def close_politely(engine: Engine) -> None:
    """At most POLITE_S; what is left then is killed."""
    closing = threading.Thread(target=engine.close, name="close", daemon=True)
    closing.start()
    closing.join(POLITE_S)
    kill_descendants()
