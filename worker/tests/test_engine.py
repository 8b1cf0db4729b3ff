"""The real worker with the real vLLM. Slow: `pytest -m engine`, one engine at a time.

ASSAY_DEMO_MODELS  folder with bf16/ (default: build/demo-models)
ASSAY_ENGINE_LOG   where the engines' output goes (default: nowhere)
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client import WorkerClient

from assay_worker.processes import below, snapshot

ROOT = Path(__file__).resolve().parents[2]
MODELS = Path(os.environ.get("ASSAY_DEMO_MODELS", ROOT / "build" / "demo-models"))
LOG = Path(os.environ["ASSAY_ENGINE_LOG"]) if "ASSAY_ENGINE_LOG" in os.environ else None
ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}
CHAT = {"apply_template": True, "template_args": {}}
LENGTH = 1024
LOAD_S = 400.0
WAIT_S = 600.0  # on a crowded machine a token can take seconds

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not (MODELS / "bf16").is_dir(), reason=f"no demo models in {MODELS}"),
]


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerClient]:
    with WorkerClient.vllm(LOG, ENVIRONMENT) as client:
        hello = client.wait(kind="hello")
        assert {"render", "generate", "loglikelihood"} <= set(hello["capabilities"])
        opened = client.ask("open", model=str(MODELS / "bf16"), chat=CHAT, will_load=True)
        assert opened["vocab_size"] == 49152  # SmolLM2's
        wrong = client.ask(
            "load", args={"max_modle_len": 8, "enforce_eager": True}, timeout_s=LOAD_S
        )
        assert (wrong["type"], wrong["fatal"]) == ("error", False)
        assert wrong["fix"] == "did you mean `max_model_len`?"
        args = {"max_model_len": LENGTH, "enforce_eager": True, "max_num_seqs": 16}
        loaded = client.ask("load", args=args, timeout_s=LOAD_S)
        assert loaded["type"] == "loaded", loaded
        assert any(f["type"] == "progress" for f in client.kept)
        assert (loaded["dtype"], loaded["quantization"]) == ("bfloat16", "")
        assert (loaded["max_model_len"], loaded["max_num_seqs"]) == (LENGTH, 16)
        assert loaded["attention_backend"] and loaded["kv_cache_tokens"] > 0
        assert [k["weight_bits"] for k in loaded["kernels"]] == [16]
        assert [k["activation_bits"] for k in loaded["kernels"]] == [16]
        assert loaded["checkpoint"] == {"weight_bits": 16, "activation_bits": 16}
        assert loaded["devices"] == ["cpu"]
        assert client.ask("load", args=args)["type"] == "error"
        yield client


def tokens(worker: WorkerClient, text: str) -> list[int]:
    request = {"kind": "generate", "messages": [{"role": "user", "content": text}]}
    return worker.ask("render", requests=[request])["prompts"][0]["prompt_tokens"]


def choices(worker: WorkerClient, text: str, continuations: list[str]) -> dict[str, Any]:
    request = {"kind": "loglikelihood", "messages": [{"role": "user", "content": text}]}
    return worker.ask("render", requests=[request | {"continuations": continuations}])["prompts"][0]


def test_greedy_answers_repeat(worker: WorkerClient) -> None:
    prompt = tokens(worker, "What is the capital of France?")
    first, again = (worker.wait(worker.generate(prompt, 40), timeout_s=WAIT_S) for _ in range(2))
    assert "Paris" in first["text"]
    assert (first["finish_reason"], first["error"]) == ("stop", "")
    assert first["prompt_tokens"] == len(prompt)
    assert "<|im_end|>" not in first["text"]
    assert first["token_ids"] == again["token_ids"]
    anew = worker.generate(prompt, 40, cache_salt="(second pass)")
    assert worker.wait(anew, timeout_s=WAIT_S)["token_ids"] == first["token_ids"]
    assert first["decode_s"] > 0
    assert "energy_j" in worker.ask("stats")


def test_lengths_and_stops(worker: WorkerClient) -> None:
    prompt = tokens(worker, "Count from one to ten in words.")
    cut = worker.wait(worker.generate(prompt, 3), timeout_s=WAIT_S)
    assert (cut["finish_reason"], len(cut["token_ids"])) == ("length", 3)
    whole = worker.wait(worker.generate(prompt, 60), timeout_s=WAIT_S)
    stop = whole["text"].split()[2]
    stopped = worker.wait(worker.generate(prompt, 60, stop=[stop]), timeout_s=WAIT_S)
    assert (stopped["finish_reason"], stopped["stop_reason"]) == ("stop", stop)
    assert stopped["text"] == whole["text"][: whole["text"].index(stop)]


def test_a_seed_fixes_sampling(worker: WorkerClient) -> None:
    prompt = tokens(worker, "Tell me a story.")
    hot = {"temperature": 1.5, "top_p": 0.99}
    numbers = [worker.generate(prompt, 24, seed=seed, **hot) for seed in (1, 1, 2)]
    a, b, c = (worker.wait(n, timeout_s=WAIT_S)["token_ids"] for n in numbers)
    assert a == b
    assert a != c


def test_a_prompt_joins_and_another_is_cancelled(worker: WorkerClient) -> None:
    long = worker.generate(tokens(worker, "Write a very long story about a river."), 800)
    wait_until(lambda: worker.ask("stats")["running"] == 1)
    short = worker.wait(worker.generate(tokens(worker, "Say hello."), 4), timeout_s=WAIT_S)
    assert short["finish_reason"] == "length"
    assert not any(f.get("id") == long for f in worker.kept)  # still at work
    worker.send("cancel", target=long)
    cancelled = worker.wait(long, timeout_s=30)
    assert (cancelled["finish_reason"], cancelled["error"]) == ("error", "cancelled")
    wait_until(lambda: worker.ask("stats")["running"] == 0)


def test_what_cannot_run_is_answered(worker: WorkerClient) -> None:
    fits = tokens(worker, "Hello.")
    too_long = worker.wait(worker.generate(fits, LENGTH), timeout_s=30)
    assert too_long["error"] == "prompt does not fit"
    foreign = worker.wait(worker.generate([49152 + 5], 4), timeout_s=30)
    assert foreign["finish_reason"] == "error" and foreign["error"]
    assert worker.wait(worker.generate([], 4), timeout_s=30)["error"] == "the prompt is empty"
    exact = worker.wait(worker.generate([1] * (LENGTH - 1), 1), timeout_s=WAIT_S)
    assert exact["error"] == ""


def reference(entries: list[dict[str, Any]]) -> list[Any]:
    """Log-probabilities of every next token, by transformers in float32."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(MODELS / "bf16", dtype=torch.float32)
    with torch.no_grad():
        return [model(torch.tensor([e["tokens"]])).logits[0].log_softmax(-1) for e in entries]


def test_loglikelihoods_are_those_of_transformers(worker: WorkerClient) -> None:
    text = "Which planet is the largest?\n(A) Mars\n(B) Jupiter\n(C) Venus\n(D) Mercury\nAnswer:"
    scored = choices(worker, text, ["(A)", "(B)", "(C)", "(D)", "Jupiter is the largest planet."])
    scored = scored["scored"]
    results = [
        worker.wait(worker.send("loglikelihood", scored=scored), timeout_s=WAIT_S)["loglikelihoods"]
        for _ in range(2)  # the second time the prompts are in the prefix cache
    ]
    expected = reference(scored)
    for entry, table, first, again in zip(scored, expected, *results, strict=True):
        start, ids = entry["continuation_start"], entry["tokens"]
        rows = [(table[at - 1, ids[at]].item(), table[at - 1].argmax().item() == ids[at])
                for at in range(start, len(ids))]  # fmt: skip
        assert first["tokens"] == len(rows)
        # BF16 rounds each of some 30 layers to 8 bits.
        assert first["sum"] == pytest.approx(sum(r[0] for r in rows), abs=0.06 * len(rows))
        assert again["sum"] == pytest.approx(first["sum"], abs=1e-3)
        assert first["is_greedy"] == all(r[1] for r in rows)


def test_prompt_logprobs_agree_with_loglikelihoods(worker: WorkerClient) -> None:
    entry = choices(worker, "What is 2 + 2?", ["It is four, as everybody knows."])["scored"][0]
    total = worker.wait(worker.send("loglikelihood", scored=[entry]), timeout_s=WAIT_S)
    result = worker.wait(worker.send("prompt_logprobs", scored=[entry], top_k=5), timeout_s=WAIT_S)
    positions = result["positions"]
    assert [p[0] for p in positions] == entry["tokens"][entry["continuation_start"] :]
    assert sum(p[1] for p in positions) == pytest.approx(
        total["loglikelihoods"][0]["sum"], abs=1e-3
    )
    for token, logprob, rank, top, logprobs in positions:
        assert len(top) == len(set(top)) == len(logprobs) == 5
        assert logprobs == sorted(logprobs, reverse=True)
        assert (rank == 1) == (top[0] == token) or logprob == logprobs[0]
    whole = {"tokens": entry["tokens"], "continuation_start": 0}
    every = worker.wait(worker.send("prompt_logprobs", scored=[whole], top_k=1), timeout_s=WAIT_S)
    assert len(every["positions"]) == len(entry["tokens"]) - 1  # nothing precedes the first
    too_many = worker.wait(worker.send("prompt_logprobs", scored=[whole], top_k=99), timeout_s=30)
    assert "max_logprobs" in too_many["error"]


def test_rendering_goes_on_while_the_engine_works(worker: WorkerClient) -> None:
    busy = worker.generate(tokens(worker, "Write a long story about a lake."), 800)
    assert len(tokens(worker, "Hello!")) > 3
    assert not any(f.get("id") == busy for f in worker.kept)
    worker.send("cancel", target=busy)
    assert worker.wait(busy, timeout_s=WAIT_S)["error"] == "cancelled"


def test_shutdown_is_quick(worker: WorkerClient) -> None:
    worker.generate(tokens(worker, "Write a long story about a mountain."), 800)
    started = time.monotonic()
    assert worker.ask("shutdown")["type"] == "bye"
    assert worker.process.wait(20) == 0
    assert time.monotonic() - started < 15  # 8 s on a machine that is not crowded


def tiny_model(folder: Path) -> Path:
    """A model of a few layers whose heads two ranks can share; weights are vLLM's dummies."""
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(MODELS / "bf16" / name, folder)
    config = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 128,
              "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
              "num_key_value_heads": 2, "head_dim": 32, "vocab_size": 49152,
              "max_position_embeddings": 1024, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
              "hidden_act": "silu", "tie_word_embeddings": True, "torch_dtype": "bfloat16",
              "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    return folder


# The demo's own kernels, or vLLM's: on a CPU without such instructions all of them emulate.
@pytest.mark.parametrize(("variant", "bits"), [("fp8", 8), ("nvfp4", 4)])
def test_low_precision_on_this_cpu_is_emulated(variant: str, bits: int) -> None:
    if not (MODELS / variant).is_dir():
        pytest.skip(f"no {variant} in {MODELS}")
    with WorkerClient.vllm(LOG, ENVIRONMENT) as client:
        client.wait(kind="hello")
        client.ask("open", model=str(MODELS / variant), chat=CHAT, will_load=True)
        args = {"max_model_len": 512, "enforce_eager": True, "max_num_seqs": 4}
        loaded = client.ask("load", args=args, timeout_s=LOAD_S)
    assert loaded["type"] == "loaded", loaded
    assert loaded["checkpoint"] == {"weight_bits": bits, "activation_bits": bits}
    narrow = [k for k in loaded["kernels"] if k["weight_bits"] != 16]
    assert [(k["weight_bits"], k["activation_bits"], k["emulated"]) for k in narrow] == [
        (bits, bits, True)
    ], loaded["kernels"]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="two ranks need two cores")
def test_two_ranks_work_and_leave_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "assay_worker"]
    with WorkerClient(command, {**ENVIRONMENT, "VLLM_CPU_OMP_THREADS_BIND": "0|1"}, LOG) as client:
        client.wait(kind="hello")
        client.ask("open", model=str(tiny_model(tmp_path / "tiny")), chat=CHAT, will_load=True)
        args = {"max_model_len": 256, "enforce_eager": True, "load_format": "dummy",
                "tensor_parallel_size": 2, "max_num_seqs": 4}  # fmt: skip
        loaded = client.ask("load", args=args, timeout_s=LOAD_S)
        assert loaded["type"] == "loaded", loaded
        assert loaded["engine"]["tensor_parallel_size"] == "2"
        assert loaded["attention_backend"] and loaded["devices"] == ["cpu", "cpu"]
        (kernel,) = loaded["kernels"]  # both ranks' layers in one entry
        assert kernel["layer"] == "linear" and kernel["layers"] % 2 == 0
        numbers = [client.generate(tokens(client, f"Hello {i}"), 20) for i in range(4)]
        results = [client.wait(n, timeout_s=WAIT_S) for n in numbers]
        assert all(r["error"] == "" and r["token_ids"] for r in results)
        assert client.ask("stats")["type"] == "stats"
        tree = below(client.process.pid, snapshot())
        assert len(tree) >= 2
        client.close()
    wait_until(lambda: not tree & snapshot().keys(), timeout_s=10)


def wait_until(condition: Any, timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
