"""The scripted worker keeps to docs/worker_protocol.md, and to its own docstring."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from client import WorkerClient

FAKE = Path(__file__).resolve().parents[2] / "tests" / "fakes" / "fake_worker.py"


def fake(script: dict[str, Any] | None = None) -> WorkerClient:
    env = {"ASSAY_FAKE_SCRIPT": json.dumps(script)} if script else {}
    return WorkerClient([sys.executable, str(FAKE)], env)


def ready(client: WorkerClient, folder: Path, **args: Any) -> WorkerClient:
    assert client.wait(kind="hello")["protocol"] == 2
    chat = {"apply_template": True, "template_args": {}}
    assert client.ask("open", model=str(folder), chat=chat)["type"] == "opened"
    assert client.ask("load", args=args)["type"] == "loaded"
    return client


def prompt(client: WorkerClient, text: str) -> list[int]:
    request = {"kind": "generate", "messages": [{"role": "user", "content": text}], "plain": text,
               "assistant_prefix": "", "continuations": []}  # fmt: skip
    return client.ask("render", requests=[request])["prompts"][0]["prompt_tokens"]


def test_answers_depend_on_the_prompt_alone(tmp_path: Path) -> None:
    texts = []
    for _ in range(2):
        with ready(fake(), tmp_path) as client:
            ids = [client.generate(prompt(client, f"question {i}"), 100) for i in range(8)]
            texts.append([client.wait(i)["text"] for i in ids])
            assert client.ask("shutdown")["type"] == "bye"
            assert client.process.wait(5) == 0
    assert texts[0] == texts[1]
    assert len(set(texts[0])) > 1


def test_max_tokens_and_stop_cut_the_answer(tmp_path: Path) -> None:
    script = {"rules": [{"match": "colou?r", "text": "It is red. Question: next"}]}
    with ready(fake(script), tmp_path) as client:
        tokens = prompt(client, "Which colour?")
        whole = client.wait(client.generate(tokens, 100))
        assert (whole["text"], whole["finish_reason"]) == ("It is red. Question: next", "stop")
        stopped = client.wait(client.generate(tokens, 100, stop=["Question:"]))
        assert (stopped["text"], stopped["stop_reason"]) == ("It is red. ", "Question:")
        short = client.wait(client.generate(tokens, 2))
        assert (short["text"], short["finish_reason"]) == ("It is", "length")
        assert short["prompt_tokens"] == len(tokens)
        long = client.wait(client.generate(tokens, 100_000))
        assert long["error"] == "prompt does not fit"


def test_continuations_follow_the_context(tmp_path: Path) -> None:
    with ready(fake(), tmp_path) as client:
        messages = [{"role": "user", "content": "Pick."}]
        request = {"kind": "loglikelihood", "messages": messages, "continuations": ["(A)", "(B)"]}
        rendered = client.ask("render", requests=[request])["prompts"][0]
        context = rendered["prompt_tokens"]
        for scored in rendered["scored"]:
            assert scored["tokens"][: scored["continuation_start"]] == context
            assert len(scored["tokens"]) > len(context)
        result = client.wait(client.send("loglikelihood", scored=rendered["scored"]))
        assert len(result["loglikelihoods"]) == 2
        assert all(x["sum"] < 0 for x in result["loglikelihoods"])
        one = {"tokens": context, "continuation_start": 2}
        result = client.wait(client.send("prompt_logprobs", scored=[one], top_k=5))
        assert [p[0] for p in result["positions"]] == context[2:]
        for token, logprob, rank, top, logprobs in result["positions"]:
            assert logprobs == sorted(logprobs, reverse=True)
            assert len(top) == len(logprobs) == 5
            if rank <= 5:
                assert top[rank - 1] == token
                assert logprobs[rank - 1] == logprob


@pytest.mark.parametrize("what", ["kill", "exit"])
def test_crash_once_over_restarts(tmp_path: Path, what: str) -> None:
    fault = {"do": what, "after": 2, "marker": str(tmp_path / "crashed")}
    script = {"faults": [fault], "tokens_per_s": 1000}
    with ready(fake(script), tmp_path) as client:
        ids = [client.generate(prompt(client, str(i)), 50) for i in range(4)]
        with pytest.raises(EOFError):
            for number in ids:
                client.wait(number)
        assert client.process.wait(5) == (-9 if what == "kill" else 41)
    with ready(fake(script), tmp_path) as client:
        for i in range(4):
            assert client.wait(client.generate(prompt(client, str(i)), 50))["text"]


def test_models_differ_where_the_script_says_so(tmp_path: Path) -> None:
    script = {"models": {"small": {"noise": 0.5, "loaded": {"kernels": ["SmallKernel"]}}}}
    answers = {}
    for name in ("base", "small"):
        (tmp_path / name).mkdir()
        with ready(fake(script), tmp_path / name) as client:
            ids = [client.generate(prompt(client, f"q{i}"), 100) for i in range(40)]
            answers[name] = [client.wait(i)["text"] for i in ids]
    same = sum(a == b for a, b in zip(answers["base"], answers["small"], strict=True))
    assert 10 < same < 40


@pytest.mark.parametrize(
    ("folder", "kernel", "checkpoint", "kernel_bits"),
    [
        ("Qwen3-32B-NVFP4", "CompressedTensorsW4A16Fp4", (4, 4), (4, 16)),
        ("Qwen3-32B-NVFP4", "CutlassNvFp4LinearKernel", (4, 4), (4, 4)),
        ("Qwen3-32B-W4A16-NVFP4", "MarlinNvFp4LinearKernel", (4, 16), (4, 16)),
        ("Qwen3-32B-FP8", "OfTomorrow", (8, 8), (None, None)),
        ("Qwen3-32B", "UnquantizedLinearMethod", (16, 16), (None, None)),
    ],
)
def test_a_kernel_by_name_is_what_the_real_worker_says(
    tmp_path: Path,
    folder: str,
    kernel: str,
    checkpoint: tuple[int, int],
    kernel_bits: tuple[int | None, int | None],
) -> None:
    (tmp_path / folder).mkdir()
    with fake({"loaded": {"kernels": [kernel]}}) as client:
        client.wait(kind="hello")
        client.ask("open", model=str(tmp_path / folder), chat={})
        loaded = client.ask("load", args={})
    assert tuple(loaded["checkpoint"].values()) == checkpoint
    (fact,) = loaded["kernels"]
    assert (fact["weight_bits"], fact["activation_bits"]) == kernel_bits


def test_cancel_and_join(tmp_path: Path) -> None:
    script = {"rules": [{"contains": "slow", "text": "done", "delay_s": 60}]}
    with ready(fake(script), tmp_path) as client:
        slow = client.generate(prompt(client, "slow one"), 10)
        assert client.wait(client.generate(prompt(client, "quick one"), 10))["text"]
        client.send("cancel", target=slow)
        cancelled = client.wait(slow)
        assert (cancelled["finish_reason"], cancelled["error"]) == ("error", "cancelled")


def test_grandchild_outlives_the_worker(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with ready(fake({"grandchild": True, "grandchild_pid_file": str(pid_file)}), tmp_path):
        pid = int(pid_file.read_text())
        assert Path(f"/proc/{pid}").exists()
    time.sleep(0.1)
    assert Path(f"/proc/{pid}").exists()
    os.kill(pid, 9)


def test_lm_eval_asks_and_writes(tmp_path: Path) -> None:
    with ready(fake(), tmp_path) as client:
        run = client.send("lm_eval", tasks=["fake"], output=str(tmp_path / "out"))
        for _ in range(2):
            need = client.wait(kind="need")
            assert need["run"] == run
            answer = client.wait(client.generate(need["prompt_tokens"], 10))
            client.send("have", need=need["need"], response=answer)
        done = client.wait(run)
        assert done["type"] == "lm_eval_done"
        assert Path(done["files"][0]).exists()
