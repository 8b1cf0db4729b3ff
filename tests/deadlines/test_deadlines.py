"""Nothing waits past the deadline, and every signal is heard: on the real clock.

usage: test_deadlines.py ASSAY ROOT [NAME...]

Each case is a run of its own with a scripted engine or server that goes wrong; all run at a time,
since they do little but wait. A budget is the shortest that one variant may have: a load is taken
to last 12 s as long as none was seen, and 4 s are kept for the report.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

assay, root = sys.argv[1], Path(sys.argv[2])

BUDGET_S = 20
GRACE_S = 5  # a run ends within its budget and this
HEARD_S = 1  # a signal is heard within this
GRACE_OF_SIGNAL_S = 3  # a command that did not hear it then ends nevertheless
EXIT_IN_STARTS = 10  # and what is left to do then takes at most as long as so many short commands

SLOW_PROGRAM = "```python\nimport time\ntime.sleep(600)\n```"

ANY_SANDBOX = "sandbox: {accept_missing: [memory_cgroup]}\n"


@dataclass
class Case:
    """A plan's folder, and one run on it."""

    folder: Path
    script: dict[str, Any] = field(default_factory=dict)
    engine: str = ""  # keys beside those of the scripted worker; with a "{", all of it
    model: str = ""
    task: str = "{name: gpqa_diamond, options: {generative: true}, max_gen_toks: 4}"
    extra: str = ""
    budget_s: int = BUDGET_S  # 0: none
    env: dict[str, str] = field(default_factory=dict)
    data: Path = root / "data"

    def plan(self) -> Path:
        model = self.folder / "model"
        model.mkdir(exist_ok=True)
        (model / "config.json").write_text("{}")
        (model / "tokenizer.json").write_text("{}")
        (model / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
        path = self.folder / "plan.yaml"
        ours = f"{{kind: worker, module: fake_worker, max_model_len: 4096{self.engine}}}"
        budget = f"budget: {self.budget_s}s\n" if self.budget_s else ""
        engine = self.engine if self.engine.startswith("{") else ours
        path.write_text(
            f"name: deadlines\n{budget}engine: {engine}\n"
            f"variants: [{{name: bf16, model: {self.model or model}, baseline: true}}]\n"
            f"tasks: [{self.task}]\nfidelity: {{items: 0}}\n{self.extra}"
        )
        return path

    def start(self, *options: str) -> subprocess.Popen[str]:
        env = {
            **os.environ,
            "ASSAY_PYTHON": sys.executable,
            "ASSAY_GRADERS": "1",
            "ASSAY_FAKE_SCRIPT": json.dumps(self.script),
            "PYTHONPATH": f"{root}/tests/deadlines/stub:{root}/tests/fakes",
            "STUB_HUB_PID": str(self.folder / "hub.pid"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            **self.env,
        }
        data = ["--data", str(self.data)] if self.data else []
        command = [assay, "run", str(self.plan()), *data, "--out", str(self.folder / "out")]
        return spawn([*command, *options], env)

    def log(self) -> str:
        path = self.folder / "out/logs/bf16.log"
        return path.read_text() if path.exists() else ""

    def spent_s(self) -> float:
        store = sqlite3.connect(f"file:{self.folder}/out/store.sqlite?mode=ro", uri=True)
        try:
            row = store.execute("SELECT value FROM meta WHERE name = 'spent_s'").fetchone()
        except sqlite3.OperationalError:  # its tables are not made yet
            row = None
        store.close()
        return float(row[0]) if row else 0.0

    def reasons(self) -> list[str]:
        store = sqlite3.connect(f"file:{self.folder}/out/store.sqlite?mode=ro", uri=True)
        rows = store.execute("SELECT json_extract(body, '$.reason') FROM scores").fetchall()
        store.close()
        return [row[0] for row in rows]


def spawn(command: list[str], env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, env=env, text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def finish(process: subprocess.Popen[str], limit_s: float) -> tuple[int, float, str]:
    """Exit code, seconds it took, and all it said; killed long after its limit."""
    began = time.monotonic()
    try:
        out, err = process.communicate(timeout=limit_s + 60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError(f"still running {limit_s + 60:.0f} s later") from None
    took = time.monotonic() - began
    assert took <= limit_s, f"took {took:.1f} s of {limit_s} s: {err[-600:]}"
    return process.returncode, took, out + err


def ends_in_time(case: Case, exit_code: int, *words: str) -> tuple[float, str]:
    code, took, said = finish(case.start(), case.budget_s + GRACE_S)
    assert code == exit_code, f"exit code {code}, expected {exit_code}: {said[-800:]}"
    for word in words:
        assert word in said, f"'{word}' is not in: {said[-800:]}"
    return took, said


def wait_for(what: str, ready: Callable[[], bool], limit_s: float = 30) -> None:
    end = time.monotonic() + limit_s
    while not ready():
        assert time.monotonic() < end, f"waited {limit_s} s for {what}"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start_s() -> float:
    """What the machine takes for a command that has nothing to do: other cases keep it busy."""
    began = time.monotonic()
    subprocess.run([assay, "--version"], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def hears(
    process: subprocess.Popen[str], number: signal.Signals, heard_s: float = HEARD_S
) -> None:
    before_s = start_s()
    process.send_signal(number)
    code, took, said = finish(process, 60)
    limit_s = heard_s + EXIT_IN_STARTS * max(before_s, start_s())
    print(f"   {number.name}: ended after {took:.2f} s of {limit_s:.2f} s", flush=True)
    assert took <= limit_s, f"took {took:.2f} s of {limit_s:.2f} s: {said[-600:]}"
    assert code == 130, f"exit code {code} after {number.name}: {said[-600:]}"


def silent_server() -> tuple[socket.socket, int]:
    """Takes connections and never says a word: nobody accepts them, the kernel does."""
    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    return server, server.getsockname()[1]


# ---------------------------------------------------------------- waits
def open_stalls(folder: Path) -> None:
    ends_in_time(Case(folder, {"faults": [{"do": "stall", "on": "open"}]}), 3, "'open'")


def render_stalls(folder: Path) -> None:
    ends_in_time(Case(folder, {"faults": [{"do": "stall", "on": "render"}]}), 3, "'render'")


def no_greeting(folder: Path) -> None:
    ends_in_time(Case(folder, {"silent": True}), 3, "the engine does not start")


def load_hangs(folder: Path) -> None:
    """The first load of all: there is nothing to report, so it is no end of the budget."""
    case = Case(folder, {"faults": [{"do": "stall", "on": "load"}], "print_env": ["HOME"]})
    case.engine = ", tensor_parallel_size: 2"
    words = ("the load of bf16 hung", "NCCL_P2P_DISABLE", "disable_custom_all_reduce", "bf16.log")
    _, said = ends_in_time(case, 3, *words)
    last_line = [line for line in case.log().splitlines() if line.strip()][-1]
    assert last_line in said, (last_line, said)
    assert case.spent_s() >= 14, case.spent_s()  # what a load that hung took is spent


def load_limit(folder: Path) -> None:
    stalls = {"faults": [{"do": "stall", "on": "load"}]}
    case = Case(folder, stalls, engine=", load_timeout: 2s")
    took, said = ends_in_time(case, 3, "not ready after 2.0s", "engine.load_timeout")
    assert took < 10 and "NCCL" not in said, (took, said)


def stats_stall(folder: Path) -> None:
    took, _ = ends_in_time(Case(folder, {"faults": [{"do": "stall", "on": "stats"}]}), 0)
    assert took < 12, took  # statistics are worth 3 s


def engine_stalls(folder: Path) -> None:
    ends_in_time(Case(folder, {"faults": [{"do": "stall", "after": 10}]}), 0)


def engine_hangs(folder: Path) -> None:
    """Neither answers nor heartbeats: statistics and shutdown find it dead silent, too."""
    ends_in_time(Case(folder, {"faults": [{"do": "hang", "after": 10}]}), 0)


def grading_is_slow(folder: Path) -> None:
    """Twelve answers, each a program that sleeps for its 5 s; one is graded at a time."""
    task = "{name: mbpp, repeats: 3, max_gen_toks: 20, options: {time_limit_s: 0.5}}"
    case = Case(folder, {"default": {"text": SLOW_PROGRAM}}, task=task, extra=ANY_SANDBOX)
    case.budget_s = 42  # grading is taken to last 12 s as long as none was seen; a slow start 3
    ends_in_time(case, 0)
    reasons = case.reasons()
    assert 3 <= reasons.count("not scored (budget)") < 12, reasons
    case.env["ASSAY_GRADERS"] = "6"
    code, _, said = finish(case.start(), 60)  # the same command grades the rest
    assert code == 0, said
    assert case.reasons().count("") == 12, case.reasons()


def endpoint_is_silent(folder: Path) -> None:
    server, port = silent_server()
    with server:
        engine = f'{{kind: openai, base_url: "http://127.0.0.1:{port}/v1", mode: chat}}'
        ends_in_time(Case(folder, engine=engine, model="m"), 3, "does not answer", "it is silent")


def hub_is_silent(folder: Path) -> None:
    case = Case(folder, model="owner/name")
    ends_in_time(case, 3, "the budget ended while owner/name was fetched")
    assert not is_alive(int((folder / "hub.pid").read_text()))


def hub_dies_with_assay(folder: Path) -> None:
    pid_file = folder / "hub.pid"
    process = Case(folder, model="owner/name").start()
    wait_for("the hub's client", lambda: pid_file.exists() and pid_file.read_text() != "")
    process.kill()
    process.communicate()
    wait_for("its end", lambda: not is_alive(int(pid_file.read_text())), 5)


def judge_is_silent(folder: Path) -> None:
    server, port = silent_server()
    with server:
        url = f"http://127.0.0.1:{port}/v1"
        task = f'{{name: hle, max_gen_toks: 4, options: {{judge: {{url: "{url}", model: j}}}}}}'
        ends_in_time(Case(folder, task=task), 0, "no judge")


def killed_load_counts(folder: Path) -> None:
    case = Case(folder, {"load_s": 600})
    process = case.start()
    wait_for("the load", lambda: (folder / "out/store.sqlite").exists() and case.spent_s() > 3)
    process.kill()
    process.communicate()
    assert 3 < case.spent_s() < 12, case.spent_s()  # and not what a load that was cut took


# ---------------------------------------------------------------- signals
def signal_while_loading(folder: Path) -> None:
    case = Case(folder, {"load_s": 600})
    process = case.start()
    wait_for("the load", lambda: (folder / "out/store.sqlite").exists() and case.spent_s() > 1)
    hears(process, signal.SIGTERM)


def signal_while_deaf(folder: Path) -> None:
    """Another process holds the store: SQLite waits 5 s for it, and then 5 s again at the end."""
    case = Case(folder, {"load_s": 600})
    process = case.start()
    wait_for("the load", lambda: (folder / "out/store.sqlite").exists() and case.spent_s() > 1)
    store = sqlite3.connect(folder / "out/store.sqlite")
    store.execute("BEGIN IMMEDIATE")
    time.sleep(1.2)  # by then it has something to write
    hears(process, signal.SIGTERM, GRACE_OF_SIGNAL_S)
    store.close()


def signal_at_the_hub(folder: Path) -> None:
    process = Case(folder, model="owner/name").start()
    wait_for("the hub's client", (folder / "hub.pid").exists)
    hears(process, signal.SIGHUP)


def signal_while_grading(folder: Path) -> None:
    case = Case(folder, {"default": {"text": SLOW_PROGRAM}}, extra=ANY_SANDBOX, budget_s=0)
    case.task = "{name: mbpp, max_gen_toks: 20}"
    process = case.start()
    answers = "SELECT count(*) FROM steps WHERE purpose = 'answer'"

    def answered() -> bool:
        if not (folder / "out/store.sqlite").exists():
            return False
        store = sqlite3.connect(f"file:{folder}/out/store.sqlite?mode=ro", uri=True)
        try:
            return store.execute(answers).fetchone()[0] == 4
        except sqlite3.OperationalError:
            return False
        finally:
            store.close()

    wait_for("the answers", answered)
    time.sleep(1)
    hears(process, signal.SIGINT)


def signal_to_grade(folder: Path) -> None:
    file = folder / "outputs.json"
    outputs = [{"question_id": f"own_{n}", "output_list": [SLOW_PROGRAM]} for n in (1, 2, 3)]
    file.write_text(json.dumps(outputs))
    env = {**os.environ, "ASSAY_PYTHON": sys.executable}
    data = str(root / "data/livecodebench")
    process = spawn([assay, "grade", "livecodebench", str(file), "--data", data], env)
    time.sleep(3)
    assert process.poll() is None, process.communicate()
    hears(process, signal.SIGINT)


def signal_to_sandbox_check(folder: Path) -> None:
    process = spawn([assay, "sandbox", "check"], {**os.environ})
    time.sleep(3)
    assert process.poll() is None, process.communicate()
    hears(process, signal.SIGTERM)


CASES = [
    open_stalls, render_stalls, no_greeting, load_hangs, load_limit, stats_stall, engine_stalls,
    engine_hangs, grading_is_slow, endpoint_is_silent, hub_is_silent, hub_dies_with_assay,
    judge_is_silent, killed_load_counts, signal_while_loading, signal_while_deaf,
    signal_at_the_hub, signal_while_grading, signal_to_grade, signal_to_sandbox_check,
]  # fmt: skip


def try_one(case: Callable[[Path], None]) -> bool:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        try:
            case(Path(name))
        except Exception:
            print(f"FAILED {case.__name__}\n{traceback.format_exc()}", flush=True)
            return False
    print(f"ok {time.monotonic() - began:5.1f} s  {case.__name__}", flush=True)
    return True


def main() -> int:
    wanted = [case for case in CASES if not sys.argv[3:] or case.__name__ in sys.argv[3:]]
    with ThreadPoolExecutor(max_workers=10) as pool:
        return 0 if all(list(pool.map(try_one, wanted))) else 1


if __name__ == "__main__":
    sys.exit(main())
