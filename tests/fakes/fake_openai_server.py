#!/usr/bin/env python3
"""A scripted OpenAI-compatible server on 127.0.0.1; needs the standard library alone.

    python fake_openai_server.py SCRIPT

SCRIPT is one JSON object. The first line on stdout is the port. The server ends when its stdin
does, so that it does not outlive the test that started it. Answers and tokens are those of
fake_worker.py (`rules`, `default`, `tokens_per_s`, `max_model_len`, `logprob_noise`); further keys:

  model         "fake-model"   the name it serves
  api_key       ""             requests without "Authorization: Bearer KEY" get 401
  vllm          true           speaks vLLM's additions: token ids, prompt_logprobs, /version
  echo_logprobs false          without vllm: completions with echo and logprobs
  owned_by      "vllm"         what /models says of the model, beside its name
  split         false          a stream's text comes in pieces of three characters
  faults        [..]           first match goes wrong:
      {"path": regex (default "completions"), "match": regex searched in the request's body,
       "times": N (default: always), "after": N (that many matches go well before; default 0),
       "do": WHAT, "status": 500, "retry_after": "1", "body": "..",
       "headers": {..}}

WHAT is  status        answers with that status and an error object (or `body`)
         html          200 with a page of HTML
         invalid_json  200 with half an object (a broken piece, when streamed)
         cut           half a stream, then closes the connection
         end_early     half a stream that ends politely, without a finish_reason
         wrong_model   a good answer in another model's name
         stall         takes the request and says nothing
         spaces        200 with a body of 80 MiB of white space
         redirect      307 to itself

GET /_seen gives the requests so far: [{path, authorization, body, at}]; `at`: monotonic seconds.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import fake_worker as fake

Frame = dict[str, Any]
PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body>no</body></html>"


class State:
    def __init__(self, script: Frame) -> None:
        self.script = script
        self.answers = fake.Script(script)
        self.model = script.get("model", "fake-model")
        self.vllm = script.get("vllm", True)
        self.lock = threading.Lock()
        self.seen: list[Frame] = []
        self.used: dict[int, int] = {}
        self.spared: dict[int, int] = {}

    def fault(self, path: str, body: str) -> Frame:
        with self.lock:
            for number, fault in enumerate(self.script.get("faults", [])):
                if self.used.get(number, 0) >= fault.get("times", 1 << 30):
                    continue
                if not re.search(fault.get("path", "completions"), path):
                    continue
                if not re.search(fault.get("match", ""), body):
                    continue
                if self.spared.get(number, 0) < fault.get("after", 0):
                    self.spared[number] = self.spared.get(number, 0) + 1
                    continue
                self.used[number] = self.used.get(number, 0) + 1
                return fault
        return {}


def logprobs_of(state: State, tokens: list[int], top_k: int) -> list[Any]:
    """vLLM's prompt_logprobs: nothing for the first token, then {id: {logprob, rank}}."""
    out: list[Any] = [None]
    for at in range(1, len(tokens)):
        with state.lock:
            token, logprob, rank, top, values = fake.position(
                state.answers, tokens[at - 1], tokens[at], max(1, top_k)
            )
        entry = {str(token): {"logprob": logprob, "rank": rank, "decoded_token": "x"}}
        for place, (other, value) in enumerate(zip(top, values, strict=True)):
            entry[str(other)] = {"logprob": value, "rank": place + 1, "decoded_token": "x"}
        out.append(entry)
    return out


def echo_of(state: State, tokens: list[int]) -> Frame:
    rows = logprobs_of(state, tokens, 1)
    own = [row and row[str(token)]["logprob"] for row, token in zip(rows, tokens, strict=True)]
    top = [row and {f"t{k}": v["logprob"] for k, v in row.items()} for row in rows]
    return {"tokens": [f"t{token}" for token in tokens], "token_logprobs": own,
            "top_logprobs": top, "text_offset": [0] * len(tokens)}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *_: object) -> None:
        pass

    def reply(self, status: int, body: bytes, kind: str = "application/json", **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def reply_json(self, status: int, value: Any, **more: str) -> None:
        self.reply(status, json.dumps(value).encode(), **more)

    def fail(self, status: int, message: str, **more: str) -> None:
        self.reply_json(status, {"error": {"message": message, "code": status}}, **more)

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def event(self, value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.chunk(f"data: {text}\n\n".encode())

    # ------------------------------------------------ requests
    def do_GET(self) -> None:
        self.handle_request("")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.handle_request(self.rfile.read(length).decode())

    def handle_request(self, text: str) -> None:
        state = self.state
        if self.path == "/_seen":
            with state.lock:
                return self.reply_json(200, state.seen)
        key = self.headers.get("Authorization") or ""
        with state.lock:
            body = json.loads(text) if text else None
            seen = {"path": self.path, "authorization": key, "body": body}
            state.seen.append({**seen, "at": time.monotonic()})
        if state.script.get("api_key") and key != "Bearer " + state.script["api_key"]:
            return self.fail(401, "Incorrect API key provided: " + key.removeprefix("Bearer "))
        fault = state.fault(self.path, text)
        what = fault.get("do", "")
        if what == "status":
            return self.go_wrong(fault)
        if what == "html":
            return self.reply(200, PAGE, "text/html; charset=utf-8")
        if what == "spaces":
            return self.reply(200, b" " * (80 << 20))
        if what == "redirect":
            return self.reply(307, b"", Location=self.path)
        if what == "stall":
            self.connection.recv(1)  # until the client gives up
            self.close_connection = True
            return None
        if self.path == "/v1/models":
            return self.models()
        if self.path == "/version" and state.vllm:
            return self.reply_json(200, {"version": "0.0.fake"})
        if self.path in ("/v1/completions", "/v1/chat/completions"):
            body = json.loads(text)
            body.setdefault("max_tokens", body.get("max_completion_tokens"))
            return self.complete(body, what)
        return self.fail(404, "no such place")

    def go_wrong(self, fault: Frame) -> None:
        status = fault.get("status", 500)
        more = {"Retry_After": fault["retry_after"]} if "retry_after" in fault else {}
        more.update(fault.get("headers", {}))
        if "body" in fault:
            return self.reply(status, fault["body"].encode(), **more)
        return self.fail(status, "scripted", **more)

    def models(self) -> None:
        model = {"id": self.state.model, "object": "model", "owned_by": "someone"}
        if self.state.vllm:
            length = self.state.script.get("max_model_len", 32768)
            owner = self.state.script.get("owned_by", "vllm")
            model.update(owned_by=owner, root=self.state.model, max_model_len=length)
        self.reply_json(200, {"object": "list", "data": [model]})

    def complete(self, body: Frame, what: str) -> None:
        state = self.state
        if body["model"] != state.model:
            return self.fail(404, f"The model `{body['model']}` does not exist.")
        prompt = body.get("prompt")
        if "messages" in body:
            kwargs = body.get("chat_template_kwargs") or {}
            prompt = fake.encode(fake.chat_text(body["messages"], kwargs))
        elif isinstance(prompt, str):
            prompt = fake.encode(prompt)
        prompts = prompt if prompt and isinstance(prompt[0], list) else [prompt]
        limit = state.script.get("max_model_len", 32768)
        if any(len(tokens) + body["max_tokens"] > limit for tokens in prompts):
            return self.fail(400, f"This model's maximum context length is {limit} tokens.")
        name = "another-model" if what == "wrong_model" else state.model
        base = {"id": "x", "object": "text_completion", "created": 1, "model": name}
        if "prompt_logprobs" in body or body.get("echo"):
            if not state.vllm and not state.script.get("echo_logprobs"):
                return self.fail(400, "log-probabilities of the prompt are not given")
            choices = []
            for index, tokens in enumerate(prompts):
                one: Frame = {"index": index, "text": "", "finish_reason": "length"}
                if body.get("echo"):
                    one["logprobs"] = echo_of(state, tokens)
                else:
                    one["prompt_logprobs"] = logprobs_of(state, tokens, body["prompt_logprobs"])
                choices.append(one)
            usage = {"prompt_tokens": sum(map(len, prompts)), "completion_tokens": 1}
            return self.reply_json(200, {**base, "choices": choices, "usage": usage})
        return self.generate(body, prompts[0], base, what)

    def generate(self, body: Frame, tokens: list[int], base: Frame, what: str) -> None:
        state = self.state
        stop = body.get("stop") or []
        sampling = {**body, "stop": [stop] if isinstance(stop, str) else stop}
        with state.lock:
            frame = {"prompt_tokens": tokens, "sampling": sampling}
            result, duration = fake.answer_generate(state.answers, frame)
        chat = "messages" in body
        usage = {"prompt_tokens": len(tokens), "completion_tokens": len(result["token_ids"])}
        end = {"finish_reason": result["finish_reason"],
               "stop_reason": result["stop_reason"] or None}  # fmt: skip
        if not body.get("stream"):
            content = {"message": {"role": "assistant", "content": result["text"]}}
            choice = {"index": 0, **(content if chat else {"text": result["text"]}), **end}
            if what == "invalid_json":
                return self.reply(200, b'{"id": "x", "choi')
            return self.reply_json(200, {**base, "choices": [choice], "usage": usage})
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.chunk(b": a comment\n\n")
        ids = result["token_ids"]
        # A token may end inside a character: the text comes whole with the last one.
        for at, token in enumerate(ids):
            time.sleep(duration / len(ids))
            if at >= len(ids) // 2 and what in ("cut", "end_early", "invalid_json"):
                return self.spoil(what)
            last = at == len(ids) - 1
            piece = result["text"] if last else ""
            while last and state.script.get("split") and len(piece) > 3:
                choice = {"index": 0, "finish_reason": None}
                choice.update({"delta": {"content": piece[:3]}} if chat else {"text": piece[:3]})
                self.event({**base, "choices": [choice]})
                piece = piece[3:]
            choice = {"index": 0, "finish_reason": None}
            choice.update({"delta": {"content": piece}} if chat else {"text": piece})
            if state.vllm and body.get("return_token_ids"):
                choice["token_ids"] = [token]
            self.event({**base, "choices": [choice]})
        choice = {"index": 0, **({"delta": {}} if chat else {"text": ""}), **end}
        self.event({**base, "choices": [choice]})
        if (body.get("stream_options") or {}).get("include_usage"):
            self.event({**base, "choices": [], "usage": usage})
        self.event("[DONE]")
        self.chunk(b"")
        return None

    def spoil(self, what: str) -> None:
        if what == "invalid_json":
            self.event('{"id": "x", "choi')
        if what != "cut":
            self.chunk(b"")
            return
        self.close_connection = True


def main() -> int:
    Handler.state = State(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
