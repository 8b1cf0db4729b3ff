"""The least that is a worker (docs/worker_protocol.md): a model that adds up what it is asked.

    engine: {kind: worker, module: adding_worker}        # with its folder in PYTHONPATH

It answers a prompt with the sum of the whole numbers in its last question, and needs the standard
library alone. A token is a byte of UTF-8. It can neither give log-likelihoods nor run lm-eval: such
requests are answered with an error.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import struct
import sys
import threading
import time
from typing import Any, BinaryIO

Frame = dict[str, Any]
MAX_MODEL_LEN = 4096


class Worker:
    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self.reader, self.writer = reader, writer
        self.lock = threading.Lock()  # the heartbeat writes from a thread of its own
        self.chat: Frame = {}
        self.answered = self.prompt_tokens = self.output_tokens = 0

    def send(self, kind: str, **fields: Any) -> None:
        body = json.dumps({"type": kind, **fields}).encode()
        with self.lock:
            self.writer.write(struct.pack("<I", len(body)) + body)
            self.writer.flush()

    def receive(self) -> Frame | None:
        head = self.reader.read(4)
        if len(head) < 4:
            return None  # assay is gone
        return json.loads(self.reader.read(struct.unpack("<I", head)[0]))

    def beat(self) -> None:
        while True:
            self.send("heartbeat", stepping=False, steps=self.answered)
            time.sleep(2)

    def run(self) -> None:
        self.send(
            "hello",
            protocol=2,
            worker="adding",
            versions={"adding_worker": "1"},
            capabilities=["render", "generate"],
            max_in_flight=8,
            pid=os.getpid(),
        )
        threading.Thread(target=self.beat, daemon=True).start()
        while (frame := self.receive()) is not None:
            handle = getattr(self, "on_" + frame["type"], None)
            if handle is not None:
                handle(frame)
            else:
                self.send(
                    "error",
                    id=frame.get("id"),
                    what=f"no {frame['type']} here",
                    why="this worker only adds",
                    fix="use another engine",
                    fatal=False,
                )
            if frame["type"] == "shutdown":
                return

    def on_open(self, frame: Frame) -> None:
        self.chat = frame["chat"]
        self.send(
            "opened",
            id=frame["id"],
            tokenizer_hash="bytes",
            template_hash="",
            max_model_len=MAX_MODEL_LEN,
            vocab_size=256,
        )

    def on_render(self, frame: Frame) -> None:
        prompts = []
        for request in frame["requests"]:
            text = request["plain"]
            if self.chat["apply_template"]:
                turns = [f"{m['role']}: {m['content']}\n" for m in request["messages"]]
                text = "".join(turns) + "assistant: " + request.get("assistant_prefix", "")
            prompts.append({"text": text, "prompt_tokens": list(text.encode()), "scored": []})
        self.send("rendered", id=frame["id"], prompts=prompts)

    def on_load(self, frame: Frame) -> None:
        # What a worker does not know of itself is null, never guessed.
        kernel = {
            "layer": "",
            "name": "sum",
            "weight_bits": None,
            "activation_bits": None,
            "emulated": None,
            "layers": 0,
        }
        self.send(
            "loaded",
            id=frame["id"],
            load_s=0.0,
            devices=["cpu"],
            dtype="",
            quantization="",
            kernels=[kernel],
            checkpoint={"weight_bits": None, "activation_bits": None},
            fell_back=[],
            attention_backend="",
            kv_cache_tokens=0,
            max_model_len=frame["args"].get("max_model_len", MAX_MODEL_LEN),
            max_num_seqs=8,
            gpu_memory_bytes=0,
            engine={},
        )

    def on_generate(self, frame: Frame) -> None:
        prompt = bytes(frame["prompt_tokens"]).decode()
        numbers = re.findall(r"\d+", prompt.rsplit("Question:", 1)[-1])
        text = f"The sum is \\boxed{{{sum(map(int, numbers))}}}."[: frame["sampling"]["max_tokens"]]
        self.answered += 1
        self.prompt_tokens += len(frame["prompt_tokens"])
        self.output_tokens += len(text)
        self.send(
            "result",
            id=frame["id"],
            text=text,
            token_ids=list(text.encode()),
            finish_reason="stop",
            stop_reason="",
            loglikelihoods=[],
            positions=[],
            error="",
            prompt_tokens=len(frame["prompt_tokens"]),
            queued_s=0.0,
            first_token_s=0.0,
            decode_s=0.0,
        )

    def on_stats(self, frame: Frame) -> None:
        self.send(
            "stats",
            id=frame["id"],
            running=0,
            waiting=0,
            kv_cache_use=0.0,
            generated_tokens=self.output_tokens,
            prompt_tokens=self.prompt_tokens,
        )

    def on_cancel(self, frame: Frame) -> None:
        pass  # all that was asked is answered by now

    def on_shutdown(self, frame: Frame) -> None:
        self.send("bye", id=frame["id"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="adding_worker")
    parser.add_argument("--in-fd", type=int, required=True)
    parser.add_argument("--out-fd", type=int, required=True)
    options = parser.parse_args()
    with os.fdopen(options.in_fd, "rb") as reader, os.fdopen(options.out_fd, "wb") as writer:
        Worker(reader, writer).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
