#!/usr/bin/env python3
"""A scripted engine worker: speaks docs/worker_protocol.md, needs the standard library alone.

    python fake_worker.py --in-fd N --out-fd M [--script FILE]

(`python fake_worker.py -m assay_worker --in-fd N --out-fd M` works too, so that it can stand in for
an interpreter.) Without a script it is a quick, well-behaved, deterministic engine: it loads at
once and answers every prompt with a text that depends on a hash of the prompt alone.

Tokens. A token packs one to three bytes of UTF-8 (bytes << 2 | count - 1, so below 2^26), and no
token crosses the start of a word. Ids go back to the text in any process, so stored prompts work.

Script: one JSON object, from --script or the environment variable ASSAY_FAKE_SCRIPT (a file's path,
or the JSON text itself). Every key may be left out:

  hello         {..}    merged into the greeting: {"protocol": 3}, {"max_in_flight": 4}
  silent        true    never says hello
  max_model_len 32768
  loaded        {..}    merged into `loaded`: {"kernels": ["..."], "quantization": "fp8"}. A kernel
                        that is a bare name gets what the real worker's table says of it; without
                        a `checkpoint` the folder's own config.json is asked, or its name (below)
  load_s        0.0     how long `load` takes; a progress line each 0.2 s of it
  memory_mib    0       memory that it takes when it begins to load
  load_error    {what, why, fix}   `load` fails with it
  less_memory   {..}    `load` without these arguments ends with "out of memory" and asks for them
  heartbeat_s   2.0     0: none
  tokens_per_s  0       pace of one answer; 0: at once. Its prompt costs nothing
  max_num_seqs  256     answers worked on at a time; the rest wait
  rules         [..]    first match answers a `generate`; see below
  default       {..}    the rule for what no rule matches
  noise         0.0     0 to 1: the share of prompts for which this model's default answer differs
  loglikelihood [..]    {"match", "continuation": regexes, "sum": -1.5 or null, "greedy": true}
  logprob_noise 0.0     prompt_logprobs: how far this model's distribution is from the others'
  read_rank     N       prompt_logprobs: the rank of every token, in place of one that is drawn
  lm_eval       {..}    {"needs": [{"prompt": "..", "max_tokens": 8}], "results": {..}}; without:
                        one need for each document of `samples`, or the first `limit` (2)
  grandchild    true    starts a `sleep` of 600 s in a session of its own (for guardian tests)
  grandchild_pid_file   where its process id goes
  outlives_assay true   does not end when assay is gone: its guardian has to see to that
  print_env     [..]    values of these variables are printed, each in two pieces
  answered_log  FILE    one line a result: id, kind, first 80 characters of the prompt
  asked_log     FILE    one JSON object a request as it comes: life (of this worker), at (seconds,
                        monotonic clock), model, kind, prompt (`asked_digest` of its tokens)
  faults        [..]    what goes wrong, see below
  models        {name: {..}}   the same keys, put over these when a folder of that name is opened

A rule: {"match": regex searched in the prompt, or "contains": "plain text",
         "text": "..", or "texts": [..] of which the prompt's hash picks one,
         "delay_s": 1.5, "finish_reason": "length", "error": "..", "times": 2 (then it is skipped),
         "not_a_number": true   a log-probability that is none, where any are asked for}
A folder whose name ends in -NVFP4A16, -W4A16… stands for 4-bit weights and 16-bit activations, in
-NVFP4 for W4A4, in -FP8 for W8A8, any other for 16 bits: what a real one's config.json would say.

`{hash}`, `{letter}` (A to D) and `{number}` (0 to 99) in a text are filled in from the hash.
`max_tokens` and stop strings cut the text, as an engine would.

A fault: {"do": WHAT, and at least one of
          "after": N   when N results were sent (0: when the first request comes),
          "match": regex   when a request whose prompt matches comes,
          "on": "load" | "open" | "render" | "stats" | "shutdown" | ...   when such a frame comes,
          "marker": FILE   only if FILE does not exist; it is made first (so: once, over restarts)}
WHAT is  kill      SIGKILL to itself
         exit      ends with code 41
         hang      does nothing any more, no heartbeat either
         stall     answers nothing more, heartbeats go on
         malformed sends a frame that is not JSON
         oversize  sends a length above the limit
         truncated sends half a frame and ends
         fatal     sends a fatal error and ends with code 1; "error": {..} is merged into it
         error     answers this frame with an error that is not fatal
         unknown   sends a frame of unknown type and goes on
         ignore    drops this frame
"""

from __future__ import annotations

import hashlib
import heapq
import importlib
import json
import math
import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_FRAME_BYTES = 67_108_864
DEFAULT_TEXTS = ["Let me see.\nThe answer is ({letter}). So it is $\\boxed{{number}}$."]
NOT_A_NUMBER = "the engine gave a log-probability that is not a number"
SCORED = ("generate", "loglikelihood", "prompt_logprobs")

Frame = dict[str, Any]


# ---------------------------------------------------------------- tokens
def encode(text: str) -> list[int]:
    tokens = []
    for word in re.findall(r"\s*[^\s]+|\s+$", text):
        data = word.encode("utf-8", errors="replace")
        for start in range(0, len(data), 3):
            piece = data[start : start + 3]
            tokens.append(int.from_bytes(piece, "little") << 2 | len(piece) - 1)
    return tokens


def token_bytes(token: int) -> bytes:
    count = (token & 3) + 1
    if token < 0 or count > 3 or token >> 2 >= 1 << (8 * count):
        return b"?"
    return (token >> 2).to_bytes(count, "little")


def decode(tokens: list[int]) -> str:
    return b"".join(map(token_bytes, tokens)).decode("utf-8", errors="replace")


def digest(*parts: object) -> int:
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")


def unit(*parts: object) -> float:
    """Deterministic, evenly spread over [0, 1)."""
    return digest(*parts) / 2.0**64


# ---------------------------------------------------------------- answers
FAKE_KERNEL = {"layer": "linear", "name": "FakeKernel", "weight_bits": 16, "activation_bits": 16,
               "emulated": False, "layers": 1}  # fmt: skip
NAMED_BITS = (
    (r"-(NVFP4A16|W4A16(-\w+)?)$", (4, 16)),
    (r"-NVFP4$", (4, 4)),
    (r"-FP8$", (8, 8)),
)


def worker_module(name: str) -> Any:
    """A module of the real worker that needs the standard library alone; None: not beside us."""
    folder = Path(__file__).resolve().parents[2] / "worker"
    if not (folder / "assay_worker" / f"{name}.py").is_file():
        return None
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module(f"assay_worker.{name}")


def kernel_named(name: str) -> Frame:
    """What the real worker's table says of a kernel, of whichever vLLM has it."""
    unknown = {**FAKE_KERNEL, "name": name, "weight_bits": None, "activation_bits": None,
               "emulated": None}  # fmt: skip
    kernels = worker_module("kernels")
    row = kernels.KERNELS.get(name) if kernels else None
    if row is None:
        return unknown
    return {**kernels.kernel_fact(name, f"{row.since[0]}.{row.since[1]}"), "layers": 1}


def checkpoint_in(folder: Path) -> Frame:
    module = worker_module("checkpoint")
    if module and "quantization_config" in module.read_object(folder / "config.json"):
        return module.checkpoint_bits(folder)
    weights, activations = next(
        (bits for pattern, bits in NAMED_BITS if re.search(pattern, folder.name)), (16, 16)
    )
    return {"weight_bits": weights, "activation_bits": activations}


class Script:
    def __init__(self, values: Frame) -> None:
        self.base = values
        self.values = dict(values)
        self.used: dict[int, int] = {}
        self.model = ""

    def choose_model(self, folder: str) -> None:
        self.model = os.path.basename(os.path.normpath(folder))
        self.values = {**self.base, **self.base.get("models", {}).get(self.model, {})}

    def get(self, key: str, default: Any) -> Any:
        return self.values.get(key, default)

    def rule_for(self, prompt: str) -> Frame:
        for rule in self.get("rules", []):
            if "times" in rule and self.used.get(id(rule), 0) >= rule["times"]:
                continue
            if "contains" in rule and rule["contains"] not in prompt:
                continue
            if "match" in rule and not re.search(rule["match"], prompt, re.DOTALL):
                continue
            self.used[id(rule)] = self.used.get(id(rule), 0) + 1
            return rule
        return self.get("default", {})

    def text_for(self, rule: Frame, prompt: str, sampling: Frame) -> str:
        salt = ""
        if sampling.get("temperature", 0) > 0:
            salt += f"|{sampling.get('seed')}"
        if "text" not in rule and unit("noise", self.model, prompt) < self.get("noise", 0.0):
            salt += f"|{self.model}"
        number = digest(prompt, salt)
        texts = [rule["text"]] if "text" in rule else rule.get("texts", DEFAULT_TEXTS)
        text = texts[number % len(texts)]
        text = text.replace("{hash}", f"{number:016x}").replace("{letter}", "ABCD"[number // 7 % 4])
        return text.replace("{number}", str(number // 31 % 100))


def empty_result(frame: Frame, prompt_tokens: int) -> Frame:
    return {"type": "result", "id": frame.get("id"), "text": "", "token_ids": [],
            "finish_reason": "stop", "stop_reason": "", "loglikelihoods": [], "positions": [],
            "error": "", "prompt_tokens": prompt_tokens, "queued_s": 0.0, "first_token_s": 0.0,
            "decode_s": 0.0}  # fmt: skip


def failed(frame: Frame, why: str) -> Frame:
    return {**empty_result(frame, 0), "finish_reason": "error", "error": why}


def cut(text: str, sampling: Frame) -> tuple[str, list[int], str, str]:
    """Text, tokens, finish_reason and stop_reason, as an engine ends an answer."""
    stops = [(text.find(s), s) for s in sampling.get("stop", []) if s and s in text]
    reason = ""
    if stops:
        at, reason = min(stops)
        text = text[:at]
    tokens = encode(text)
    if len(tokens) > sampling["max_tokens"]:
        tokens = tokens[: sampling["max_tokens"]]
        return decode(tokens), tokens, "length", ""
    return text, tokens, "stop", reason


def answer_generate(script: Script, frame: Frame) -> tuple[Frame, float]:
    prompt = decode(frame["prompt_tokens"])
    rule = script.rule_for(prompt)
    result = empty_result(frame, len(frame["prompt_tokens"]))
    if "error" in rule:
        return failed(frame, rule["error"]), rule.get("delay_s", 0.0)
    sampling = frame["sampling"]
    if rule.get("not_a_number") and sampling.get("logprobs"):
        return failed(frame, NOT_A_NUMBER), 0.0
    text, tokens, finish, stop = cut(script.text_for(rule, prompt, sampling), sampling)
    result.update(text=text, token_ids=tokens, stop_reason=stop,
                  finish_reason=rule.get("finish_reason", finish))  # fmt: skip
    if sampling.get("logprobs"):
        result["positions"] = [[token, -0.5, 1, [token], [-0.5]] for token in tokens]
    pace = script.get("tokens_per_s", 0)
    duration = rule.get("delay_s", len(tokens) / pace if pace else 0.0)
    result["decode_s"] = duration
    return result, duration


def answer_loglikelihood(script: Script, frame: Frame) -> tuple[Frame, float]:
    result = empty_result(frame, sum(len(s["tokens"]) for s in frame["scored"]))
    for scored in frame["scored"]:
        start = scored["continuation_start"]
        context, continuation = (
            decode(scored["tokens"][:start]),
            decode(scored["tokens"][start:]),
        )
        count = len(scored["tokens"]) - start
        noisy = unit("noise", script.model, context) < script.get("noise", 0.0)
        salt = script.model if noisy else ""
        total: float | None = -(0.1 + 5.0 * unit("ll", context, continuation, salt)) * count
        greedy = unit("greedy", context, continuation) < 0.25
        for rule in script.get("loglikelihood", []):
            if re.search(rule.get("match", ""), context, re.DOTALL) and re.search(
                rule.get("continuation", ""), continuation, re.DOTALL
            ):
                total, greedy = rule.get("sum", total), rule.get("greedy", greedy)
                break
        result["loglikelihoods"].append({"sum": total, "is_greedy": greedy, "tokens": count})
    return result, 0.0


def position(script: Script, before: int, token: int, top_k: int) -> list[Any]:
    """One entry of `positions`: powers of one half, bent by the model's own noise."""
    noise = script.get("logprob_noise", 0.0)
    rank = script.get("read_rank", 0) or 1 + int(unit("rank", before, token) ** 4 * (top_k + 2))
    others = iter(x for x in range(4, 4 * (top_k + 3), 4) if x != token)
    places = [token if i + 1 == rank else next(others) for i in range(top_k + 2)]
    weights = [
        0.5 ** (i + 1) * math.exp(noise * (2 * unit("bend", script.model, before, t) - 1))
        for i, t in enumerate(places)
    ]
    total = sum(weights) + 0.5 ** (top_k + 2)
    ranked = sorted(zip(weights, places, strict=True), key=lambda x: (-x[0], x[1]))
    logprobs = [(t, math.log(w / total)) for w, t in ranked]
    own = next(i for i, (t, _) in enumerate(logprobs) if t == token)
    top = logprobs[:top_k]
    return [token, logprobs[own][1], own + 1, [t for t, _ in top], [p for _, p in top]]


def answer_prompt_logprobs(script: Script, frame: Frame) -> tuple[Frame, float]:
    (scored,) = frame["scored"]
    tokens = scored["tokens"]
    result = empty_result(frame, len(tokens))
    for at in range(max(1, scored["continuation_start"]), len(tokens)):
        result["positions"].append(position(script, tokens[at - 1], tokens[at], frame["top_k"]))
    return result, 0.0


def prompt_of(frame: Frame) -> str:
    tokens = frame.get("prompt_tokens") or []
    if not tokens and frame.get("scored"):
        tokens = frame["scored"][0].get("tokens", [])
    return decode(tokens)


def asked_digest(token_lists: list[list[int]]) -> str:
    """Names what a request asks: a `generate` has one list, the others one a scored entry."""
    return hashlib.sha256(json.dumps(token_lists).encode()).hexdigest()[:16]


# ---------------------------------------------------------------- rendering
def chat_text(messages: list[Frame], template_args: Frame) -> str:
    parts = [f"<|{m['role']}|>\n{m['content']}\n" for m in messages]
    extra = "".join(f"<|{k}={v}|>" for k, v in sorted(template_args.items()))
    return extra + "".join(parts) + "<|assistant|>\n"


def render(request: Frame, chat: Frame) -> Frame:
    if chat.get("apply_template", True):
        text = chat_text(request.get("messages", []), chat.get("template_args") or {})
        text += request.get("assistant_prefix", "")
    else:
        text = request.get("plain", "")
    if request.get("kind") != "loglikelihood":
        return {"text": text, "prompt_tokens": encode(text), "scored": []}
    context = text.rstrip()
    moved = text[len(context) :]
    tokens = encode(context)
    scored = []
    for continuation in request.get("continuations", []):
        # Encoded apart: this tokeniser never merges across the border.
        whole = tokens + encode(moved + continuation)
        scored.append({"tokens": whole, "continuation_start": len(tokens)})
    return {"text": text, "prompt_tokens": tokens, "scored": scored}


# ---------------------------------------------------------------- the worker
class FakeWorker:
    def __init__(self, in_fd: int, out_fd: int, script: Script) -> None:
        self.in_fd, self.out_fd, self.script = in_fd, out_fd, script
        self.buffer = bytearray()
        self.opened: Frame | None = None
        self.chat: Frame = {}
        self.args: Frame = {}
        self.loaded = False
        self.sent_results = 0
        self.stalled = False
        self.stopping = False
        self.waiting: list[tuple[Frame, Frame, float, float]] = []  # frame, result, duration, since
        self.running: list[tuple[float, int, Frame, Frame]] = []  # ends at, order, frame, result
        self.order = 0
        self.generated_tokens = 0
        self.prompt_tokens = 0
        self.next_beat = time.monotonic()
        self.load_steps: list[tuple[float, Frame]] = []  # due at, frame
        self.needs: dict[int, tuple[int, str, int]] = {}  # need -> run, task, document
        self.next_need = 1
        self.runs: dict[int, Frame] = {}
        self.life = os.urandom(6).hex()

    # ------------------------------------------------ frames
    def send(self, frame: Frame) -> None:
        body = json.dumps(frame, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        self.send_bytes(struct.pack("<I", len(body)) + body)

    def send_bytes(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.out_fd, view) :]
            except BrokenPipeError:
                os._exit(0)

    def error(self, frame: Frame, what: str, why: str, fix: str, fatal: bool = False) -> None:
        self.send({"type": "error", "id": frame.get("id"), "what": what, "why": why, "fix": fix,
                   "fatal": fatal})  # fmt: skip

    def next_frame(self) -> Frame | None:
        if len(self.buffer) < 4:
            return None
        (size,) = struct.unpack_from("<I", self.buffer)
        if size > MAX_FRAME_BYTES:
            self.leave(f"frame of {size} bytes is too long")
        if len(self.buffer) < 4 + size:
            return None
        body = bytes(self.buffer[4 : 4 + size])
        del self.buffer[: 4 + size]
        try:
            frame = json.loads(body.decode("utf-8"))
        except ValueError as problem:
            self.leave(f"frame is not JSON: {problem}")
        if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
            self.leave("frame is no object with a `type`")
        return frame

    def leave(self, why: str) -> None:
        print(f"fake worker: connection ended: {why}", file=sys.stderr, flush=True)
        os._exit(3)

    # ------------------------------------------------ the loop
    def run(self) -> int:
        for name in self.script.get("print_env", []):
            value = os.environ.get(name, "")
            for piece in (f"{name}: {value[:9]}", f"{value[9:]}\n"):
                os.write(2, piece.encode())
                time.sleep(0.05)
        if self.script.get("grandchild", False):
            self.start_grandchild()
        if not self.script.get("silent", False):
            self.greet()
        while not self.stopping:
            self.beat()
            ready, _, _ = select.select([self.in_fd], [], [], self.pause())
            if ready:
                data = os.read(self.in_fd, 1 << 20)
                if not data:  # assay is gone
                    time.sleep(600 if self.script.get("outlives_assay", False) else 0)
                    os._exit(0)
                self.buffer += data
                while not self.stopping and (frame := self.next_frame()) is not None:
                    self.handle(frame)
            self.work()
        return 0

    def greet(self) -> None:
        capabilities = [
            "render",
            "generate",
            "loglikelihood",
            "prompt_logprobs",
            "lm_eval",
        ]
        self.send({"type": "hello", "protocol": 2, "worker": "fake", "versions": {"fake": "1"},
                   "capabilities": capabilities, "max_in_flight": 1024, "pid": os.getpid(),
                   **self.script.get("hello", {})})  # fmt: skip

    def start_grandchild(self) -> None:
        child = subprocess.Popen(["sleep", "600"], start_new_session=True,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        if path := self.script.get("grandchild_pid_file", ""):
            Path(path).write_text(f"{child.pid}\n")

    def beat(self) -> None:
        every = self.script.get("heartbeat_s", 2.0)
        if (
            every > 0
            and not self.script.get("silent", False)
            and time.monotonic() >= self.next_beat
        ):
            self.next_beat = time.monotonic() + every
            beat = {"type": "heartbeat", "stepping": bool(self.running or self.waiting),
                    "generated_tokens": self.tokens_so_far()}  # fmt: skip
            self.send({**beat, "steps": self.sent_results})

    def tokens_so_far(self) -> int:
        """Those of answers on the way come evenly until their end."""
        now = time.monotonic()
        tokens = self.generated_tokens
        for end, _, _, result in self.running:
            share = 1 - (end - now) / result["decode_s"] if result["decode_s"] > 0 else 1.0
            tokens += int(min(1.0, max(0.0, share)) * len(result["token_ids"]))
        return tokens

    def pause(self) -> float:
        now = time.monotonic()
        due = [now + 1.0]
        if self.script.get("heartbeat_s", 2.0) > 0:
            due.append(self.next_beat)
        if not self.stalled:
            due += [end for end, *_ in self.running[:1]]
            due += [at for at, _ in self.load_steps[:1]]
        return max(0.0, min(due) - now)

    def work(self) -> None:
        now = time.monotonic()
        while self.load_steps and self.load_steps[0][0] <= now:
            _, frame = self.load_steps.pop(0)
            self.loaded = self.loaded or frame["type"] == "loaded"
            self.send(frame)
        while not self.stalled and not self.stopping:
            self.admit()
            if not self.running or self.running[0][0] > time.monotonic():
                return
            _, _, frame, result = heapq.heappop(self.running)
            self.finish(frame, result)

    def admit(self) -> None:
        now = time.monotonic()
        while self.waiting and len(self.running) < self.script.get("max_num_seqs", 256):
            frame, result, duration, since = self.waiting.pop(0)
            result["queued_s"] = now - since
            self.order += 1
            heapq.heappush(self.running, (now + duration, self.order, frame, result))

    def finish(self, frame: Frame, result: Frame) -> None:
        if self.fault("", frame) or self.stalled:  # `after` faults due before this result
            return
        self.generated_tokens += len(result["token_ids"])
        self.prompt_tokens += result["prompt_tokens"]
        self.send(result)
        self.sent_results += 1
        if path := self.script.get("answered_log", ""):
            with open(path, "a", encoding="utf-8") as log:
                log.write(f"{frame['id']} {frame['type']} {prompt_of(frame)[:80]!r}\n")

    # ------------------------------------------------ faults
    def fault(self, kind: str, frame: Frame) -> bool:
        """Does what the script says; True: the frame is dealt with."""
        for fault in self.script.get("faults", []):
            if "after" in fault and self.sent_results < fault["after"]:
                continue
            if "after" in fault and kind not in ("", *SCORED):
                continue
            if "on" in fault and fault["on"] != kind:
                continue
            if "match" in fault and not (
                kind in SCORED and re.search(fault["match"], prompt_of(frame), re.DOTALL)
            ):
                continue
            if not {"after", "on", "match"} & set(fault):
                continue
            if marker := fault.get("marker"):
                if Path(marker).exists():
                    continue
                Path(marker).write_text("")
            return self.go_wrong(fault, frame)
        return False

    def go_wrong(self, fault: Frame, frame: Frame) -> bool:
        what = fault["do"]
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif what == "exit":
            os._exit(41)
        elif what == "hang":
            while True:
                time.sleep(3600)
        elif what == "stall":
            self.stalled = True
        elif what == "malformed":
            self.send_bytes(struct.pack("<I", 7) + b"{oh no}")
        elif what == "oversize":
            self.send_bytes(struct.pack("<I", MAX_FRAME_BYTES + 1))
        elif what == "truncated":
            self.send_bytes(struct.pack("<I", 100) + b'{"type":')
            os._exit(0)
        elif what == "fatal":
            self.send({"type": "error", "id": None, "what": "the engine is lost",
                       "why": "scripted", "fix": "none", "fatal": True,
                       **fault.get("error", {})})  # fmt: skip
            os._exit(1)
        elif what == "error":
            self.error(frame, f"{frame['type']} failed", "scripted", "none")
        elif what == "unknown":
            self.send({"type": "novelty"})
            return False
        return True

    # ------------------------------------------------ requests
    def handle(self, frame: Frame) -> None:
        kind = frame["type"]
        if self.stalled or self.fault(kind, frame):
            return
        method = getattr(self, "on_" + kind, None)
        if kind in SCORED:
            self.on_scored(frame)
        elif method is None:
            self.error(frame, f"unknown request `{kind}`", "not in protocol 2", "update assay")
        else:
            method(frame)

    def on_open(self, frame: Frame) -> None:
        folder = frame.get("model", "")
        if not os.path.isdir(folder):
            self.error(
                frame,
                f"no model folder {folder}",
                "it does not exist",
                "check the path",
            )
            return
        self.script.choose_model(folder)
        self.opened, self.chat = frame, frame.get("chat") or {}
        self.send({"type": "opened", "id": frame["id"],
                   "tokenizer_hash": hashlib.sha256(b"fake tokenizer").hexdigest(),
                   "template_hash": hashlib.sha256(b"fake template").hexdigest(),
                   "max_model_len": self.max_len(), "vocab_size": 1 << 26})  # fmt: skip

    def max_len(self) -> int:
        given = self.args.get("max_model_len")
        return int(given or self.script.get("max_model_len", 32768))

    def on_render(self, frame: Frame) -> None:
        if self.opened is None:
            self.error(frame, "cannot render", "no model is open", "send `open` first")
            return
        prompts = [render(request, self.chat) for request in frame["requests"]]
        self.send({"type": "rendered", "id": frame["id"], "prompts": prompts})

    def on_load(self, frame: Frame) -> None:
        if self.opened is None or self.loaded or self.load_steps:
            why = "no model is open" if self.opened is None else "the engine is loaded already"
            self.error(frame, "cannot load", why, "send `open`, then one `load`")
            return
        if problem := self.script.get("load_error", None):
            self.error(frame, problem["what"], problem["why"], problem["fix"])
            return
        args = frame.get("args") or {}
        less = self.script.get("less_memory", {})
        if any(args.get(name) != value for name, value in less.items()):
            error = {"type": "error", "id": frame["id"], "what": "the model cannot be loaded",
                     "why": "out of memory", "fix": "ask for less", "fatal": True,
                     "less_memory": less}  # fmt: skip
            self.send(error)
            self.stopping = True
            return
        self.args = args
        self.memory = bytearray(b"x") * (self.script.get("memory_mib", 0) << 20)
        took, now = self.script.get("load_s", 0.0), time.monotonic()
        for i in range(int(took / 0.2)):
            line = {
                "type": "progress",
                "id": frame["id"],
                "text": f"loading weights, part {i + 1}",
            }
            self.load_steps.append((now + 0.2 * i, line))
        facts = {"type": "loaded", "id": frame["id"], "load_s": took, "dtype": "bfloat16",
                 "quantization": "", "kernels": [FAKE_KERNEL], "attention_backend": "FAKE_ATTN",
                 "devices": ["fake"], "fell_back": [],
                 "kv_cache_tokens": 1_000_000, "max_model_len": self.max_len(),
                 "max_num_seqs": self.script.get("max_num_seqs", 256), "gpu_memory_bytes": 0,
                 "engine": {"args": json.dumps(args, sort_keys=True)},
                 **self.script.get("loaded", {})}  # fmt: skip
        facts["kernels"] = [
            kernel_named(k) if isinstance(k, str) else k for k in facts["kernels"] or []
        ]
        facts.setdefault("checkpoint", checkpoint_in(Path(self.opened.get("model", ""))))
        self.load_steps.append((now + took, facts))

    def on_scored(self, frame: Frame) -> None:
        if not self.loaded:
            self.error(
                frame,
                f"cannot {frame['type']}",
                "no engine is loaded",
                "send `load` first",
            )
            return
        lists = [frame["prompt_tokens"]] if frame["type"] == "generate" else [
            s["tokens"] for s in frame["scored"]]  # fmt: skip
        self.log_asked(frame, lists)
        room = frame["sampling"]["max_tokens"] if frame["type"] == "generate" else 1
        if any(len(tokens) + room > self.max_len() for tokens in lists):
            self.send(failed(frame, "prompt does not fit"))
            return
        make = {"generate": answer_generate, "loglikelihood": answer_loglikelihood,
                "prompt_logprobs": answer_prompt_logprobs}[frame["type"]]  # fmt: skip
        result, duration = make(self.script, frame)
        self.waiting.append((frame, result, duration, time.monotonic()))

    def log_asked(self, frame: Frame, lists: list[list[int]]) -> None:
        if path := self.script.get("asked_log", ""):
            line = {"life": self.life, "at": time.monotonic(), "model": self.script.model,
                    "kind": frame["type"], "prompt": asked_digest(lists)}  # fmt: skip
            with open(path, "a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")

    def on_cancel(self, frame: Frame) -> None:
        target = frame["target"]
        kept = [w for w in self.waiting if w[0]["id"] != target]
        going = [r for r in self.running if r[2]["id"] != target]
        if len(kept) < len(self.waiting) or len(going) < len(self.running):
            self.waiting, self.running = kept, going
            heapq.heapify(self.running)
            self.send(failed({"id": target}, "cancelled"))
        elif target in self.runs:
            run = self.runs.pop(target)
            self.needs = {k: v for k, v in self.needs.items() if v[0] != target}
            self.error(run, "lm-eval ended", "cancelled", "none")

    def on_stats(self, frame: Frame) -> None:
        self.send({"type": "stats", "id": frame["id"], "running": len(self.running),
                   "waiting": len(self.waiting), "generated_tokens": self.generated_tokens,
                   "prompt_tokens": self.prompt_tokens, "kv_cache_use": 0.0})  # fmt: skip

    def on_shutdown(self, frame: Frame) -> None:
        self.send({"type": "bye", "id": frame.get("id")})
        self.stopping = True

    # ------------------------------------------------ lm-eval
    def on_lm_eval(self, frame: Frame) -> None:
        if self.opened is None:
            self.error(frame, "cannot run lm-eval", "no model is open", "send `open` first")
            return
        needs = list(self.lm_eval_needs(frame))
        self.runs[frame["id"]] = {**frame, "answers": {}, "not_run": {}, "failed": {}}
        for task, doc, need in needs:
            number, self.next_need = self.next_need, self.next_need + 1
            self.needs[number] = (frame["id"], task, doc)
            sampling = {"max_tokens": need.get("max_tokens", 64), "temperature": 0.0, "top_p": 1.0,
                        "top_k": 0, "min_p": 0.0, "stop": need.get("stop", [])}  # fmt: skip
            self.send({"type": "need", "run": frame["id"], "need": number, "kind": "generate",
                       "prompt_tokens": encode(need["prompt"]), "scored": [], "sampling": sampling,
                       "text": need["prompt"], "task": task, "doc": doc,
                       "repeat": 0})  # fmt: skip
        self.end_lm_eval(frame["id"])

    def lm_eval_needs(self, frame: Frame) -> Iterator[tuple[str, int, Frame]]:
        plan = self.script.get("lm_eval", {})
        for task in frame["tasks"]:
            if "needs" in plan:
                yield from ((task, doc, need) for doc, need in enumerate(plan["needs"]))
                continue
            docs = (frame.get("samples") or {}).get(task, range(int(frame.get("limit") or 2)))
            yield from ((task, doc, {"prompt": f"{task}, document {doc}"}) for doc in docs)

    def on_have(self, frame: Frame) -> None:
        run_id, task, doc = self.needs.pop(frame["need"], (None, "", 0))
        if run_id is None:
            return
        run = self.runs[run_id]
        if frame.get("not_run"):
            run["not_run"].setdefault(task, []).append(doc)
        elif frame["response"].get("error"):
            run["failed"].setdefault(task, []).append(doc)
        else:
            run["answers"][f"{task}/{doc}"] = frame["response"]["text"]
        self.end_lm_eval(run_id)

    def end_lm_eval(self, run_id: int) -> None:
        if any(need[0] == run_id for need in self.needs.values()):
            return
        run = self.runs.pop(run_id)
        if not run["answers"]:
            why, fix = "no document was answered in full", "raise the budget"
            self.error(run, "lm-eval has nothing to score", why, fix)
            return
        scores = {task: {"acc,none": 1.0} for task in run["tasks"]}
        results = self.script.get("lm_eval", {}).get("results", scores)
        files = []
        if run.get("output"):
            path = Path(run["output"]) / (run.get("model_name") or "fake") / "results_fake.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            content = {"results": results, "answers": run["answers"]}
            path.write_text(json.dumps(content, indent=1, sort_keys=True))
            files.append(str(path))
        self.send({"type": "lm_eval_done", "id": run["id"], "files": files, "results": results,
                   "not_run": run["not_run"], "failed": run["failed"]})  # fmt: skip


def load_script(path: str) -> Frame:
    source = path or os.environ.get("ASSAY_FAKE_SCRIPT", "")
    if not source:
        return {}
    text = source if source.lstrip().startswith("{") else Path(source).read_text(encoding="utf-8")
    return json.loads(text)


def main() -> int:
    words = sys.argv[1:]

    def option(name: str) -> str:
        return words[words.index(name) + 1] if name in words else ""

    if not option("--in-fd") or not option("--out-fd"):
        print(__doc__, file=sys.stderr)
        return 2
    script = Script(load_script(option("--script")))
    return FakeWorker(int(option("--in-fd")), int(option("--out-fd")), script).run()


if __name__ == "__main__":
    sys.exit(main())
