"""The small plans that are killed: rows, models, answers. All of it is written for this test."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/fakes"))

import fake_openai_server  # noqa: E402
import fake_worker  # noqa: E402, F401

VARIANTS = ("bf16", "fp8", "int4")
ITEMS = 10

# Programs that take a moment, so that a kill meets them: right, wrong, and one that has children.
RIGHT = "import time\ntime.sleep(0.03)\ndef plus_{n}(x):\n    return x + {n}"
WRONG = "import time\ntime.sleep(0.03)\ndef plus_{n}(x):\n    return x - {n}"
FORKS = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'pass'])\n" + RIGHT


@dataclass
class Workload:
    name: str
    plan: str
    variants: tuple[str, ...]
    models: dict[str, str]  # variant, or "judge": what the asked log calls it
    servers: dict[str, Any] = field(default_factory=dict)  # the same: a server's state
    script: dict[str, Any] = field(default_factory=dict)
    has: frozenset[str] = frozenset()  # roles of processes it has, beside assay


def write_rows(data: Path) -> None:
    gpqa, mbpp, hle = data / "gpqa_diamond", data / "mbpp", data / "hle"
    for folder in (gpqa, mbpp, hle):
        folder.mkdir(parents=True)
    head = "Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,"
    lines = [head + "Incorrect Answer 3,High-level domain"]
    for n in range(ITEMS):
        lines.append(f"own{n},What is {n} plus 40?,{n + 40},{n + 39},{n + 41},{n + 60},Sums")
    (gpqa / "gpqa_diamond.csv").write_text("\n".join(lines) + "\n")
    rows = [{"text": f"Write a function plus_{n} that adds {n} to a number.", "task_id": 9100 + n,
             "code": RIGHT.format(n=n), "test_setup_code": "", "challenge_test_list": [],
             "test_list": [f"assert plus_{n}(2) == {n + 2}", f"assert plus_{n}(0) == {n}"]}
            for n in range(1, 6)]  # fmt: skip
    (mbpp / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    hle_rows = [{"id": f"own-{n}", "question": f"What is {n} times 3? Answer with a number.",
                 "image": "", "answer": str(3 * n), "answer_type": "exactMatch", "rationale": "",
                 "raw_subject": "Math", "category": "Math"} for n in range(5)]  # fmt: skip
    (hle / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in hle_rows))


def write_models(folder: Path) -> None:
    for name in VARIANTS:
        model = folder / name
        model.mkdir(parents=True)
        (model / "config.json").write_text(json.dumps({"name": name}))
        (model / "tokenizer.json").write_text("{}")
        (model / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")


def rules() -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for n in range(1, 6):
        codes = (RIGHT, WRONG, FORKS if n == 1 else RIGHT)
        texts = [f"```python\n{code.format(n=n)}\n```" for code in codes]
        out.append({"contains": f"plus_{n} ", "texts": texts})
    out.append({"contains": "Right answer:", "texts": ["Correct: yes", "Correct: no"]})
    free = ["Explanation: so.\nAnswer: {number}\nConfidence: 60%", "Answer: 6\nConfidence: 90%"]
    out.append({"contains": "times 3?", "texts": free})
    return out


SCRIPT = {
    "rules": rules(),
    "noise": 0.3,
    "logprob_noise": 0.2,
    "max_num_seqs": 4,
    "tokens_per_s": 600,
    "load_s": 0.05,
    "heartbeat_s": 0.5,
    # As an engine's processes may be: in a session of its own; hanging when assay is gone.
    "grandchild": True,
    "outlives_assay": True,
}

GPQA = "{name: gpqa_diamond, options: {generative: true}, max_gen_toks: 40, repeats: 2}"
LETTERS = "{name: letters, benchmark: gpqa_diamond}"
MBPP = "{name: mbpp, max_gen_toks: 100, options: {time_limit_s: 5}}"
MBPP_FEW = "{name: mbpp, first: 2, max_gen_toks: 100, options: {time_limit_s: 5}}"
PLAN = """name: crash
engine: {engine}
variants:
{variants}tasks: [{tasks}]
fidelity: {{items: {fidelity}}}
sandbox: {{accept_missing: [memory_cgroup]}}
{extra}"""


def variants_of(names: tuple[str, ...], model: str, more: dict[str, str] | None = None) -> str:
    lines = []
    for name in names:
        baseline = ", baseline: true" if name == names[0] else ""
        own = (more or {}).get(name, "")
        lines.append(f"  - {{name: {name}, model: {model.format(name=name)}{baseline}{own}}}\n")
    return "".join(lines)


# The next variant's worker waits beside the one that answers, so kills meet both.
WORKER = "{kind: worker, module: fake_worker, start_ahead: true, max_model_len: 4096}"


def local(models: Path) -> Workload:
    """Folders of models; log-likelihoods, programs, outputs that are read back."""
    names = VARIANTS[:2]
    plan = PLAN.format(engine=WORKER, variants=variants_of(names, f"{models}/{{name}}"),
                       tasks=f"{GPQA}, {LETTERS}, {MBPP}", fidelity=4, extra="")  # fmt: skip
    roles = frozenset({"worker", "guardian", "sandbox"})
    return Workload("local", plan, names, {n: n for n in names}, {}, dict(SCRIPT), roles)


def from_hub() -> Workload:
    """Models of the hub; the baseline answers twice and judges."""
    tasks = "{name: hle, max_gen_toks: 60, options: {judge: baseline}}, " + MBPP_FEW
    plan = PLAN.format(engine=WORKER, variants=variants_of(VARIANTS, "owner/{name}"), tasks=tasks,
                       fidelity=2, extra="compare: {noise_floor: true}\n")  # fmt: skip
    models = {**{name: name for name in VARIANTS}, "judge": "bf16"}
    roles = frozenset({"worker", "guardian", "sandbox", "hub"})
    return Workload("hub", plan, VARIANTS, models, {}, dict(SCRIPT), roles)


def served(port_of: dict[str, int], states: dict[str, Any]) -> Workload:
    """Endpoints, one a variant and one that judges."""
    names = VARIANTS[:2]
    url = "http://127.0.0.1:{}/v1"
    judge = f'{{url: "{url.format(port_of["judge"])}", model: judge}}'
    tasks = f"{GPQA}, {MBPP}, {{name: hle, max_gen_toks: 60, options: {{judge: {judge}}}}}"
    own = {name: f', engine: {{base_url: "{url.format(port_of[name])}"}}' for name in names}
    engine = "{kind: openai, mode: chat, max_concurrency: 4}"
    plan = PLAN.format(engine=engine, variants=variants_of(names, "{name}", own), tasks=tasks,
                       fidelity=0, extra="")  # fmt: skip
    models = {**{name: name for name in names}, "judge": "judge"}
    return Workload("served", plan, names, models, states, {}, frozenset({"sandbox"}))


def serve(name: str) -> tuple[int, Any]:
    """A server in a thread of this process, so that what it was asked needs no request."""
    state = fake_openai_server.State({**SCRIPT, "model": name, "vllm": False})
    state.answers.model = name  # else all would answer alike
    handler = type("Handler", (fake_openai_server.Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # who asked was killed
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1], state
