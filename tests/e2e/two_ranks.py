"""A model split over two ranks (tensor_parallel_size 2), as on two GPUs: answers, provenance, and
nothing left of it after SIGKILL. Weights are vLLM's dummies; the tokenizer is the demo model's."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time

from mission import MARK, ours_alive, rows
from remote import ASSAY, ROOT, WORK

PLAN = """
name: two_ranks
data: DATA
env: {VLLM_CPU_KVCACHE_SPACE: "1", VLLM_CPU_OMP_THREADS_BIND: "0|1", HF_HUB_OFFLINE: "1"}
engine: {kind: vllm, tensor_parallel_size: 2, load_format: dummy, enforce_eager: true,
         max_model_len: 1024, max_num_seqs: 1}
variants: [{name: tiny, model: MODEL, baseline: true}]
tasks: [{name: aime24, max_gen_toks: 700}]
fidelity: {items: 0}
"""
# Heads that two ranks can share; SmolLM2 has nine.
CONFIG = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 128,
          "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
          "num_key_value_heads": 2, "head_dim": 32, "vocab_size": 49152,
          "max_position_embeddings": 1024, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
          "hidden_act": "silu", "tie_word_embeddings": True, "torch_dtype": "bfloat16",
          "bos_token_id": 1, "eos_token_id": 2}


def tiny_model(folder):
    folder.mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(ROOT / "build/demo-models/bf16" / name, folder)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return folder


def marked_environment():
    name, value = MARK.split("=")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    return {**kept, name: value}


def stored(store, sql):
    try:
        return rows(store, sql)
    except sqlite3.Error:
        return []


def test_two_ranks():
    folder = WORK.parent / "two_ranks"
    shutil.rmtree(folder, ignore_errors=True)
    model = tiny_model(folder / "model")
    plan = folder / "plan.yaml"
    plan.write_text(PLAN.replace("DATA", str(ROOT / "data")).replace("MODEL", str(model)))
    store = folder / "out/store.sqlite"
    run = subprocess.Popen([str(ASSAY), "run", str(plan), "--out", str(folder / "out")], cwd=ROOT,
                           env=marked_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 300
    while not (answers := stored(store, "SELECT body FROM responses")):
        assert run.poll() is None, run.stderr.read().decode()
        assert time.monotonic() < deadline, "no answer in five minutes"
        time.sleep(0.1)
    tree = ours_alive()
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert len(tree) >= 5, f"assay, its guardian, the worker and two ranks; here are {tree}"
    gone_by = time.monotonic() + 5
    while ours_alive() and time.monotonic() < gone_by:
        time.sleep(0.1)
    assert not ours_alive(), f"still alive 5 s after SIGKILL: {ours_alive()}"
    answer = json.loads(answers[0][0])
    assert answer["token_ids"] and answer["error"] == "", answer
    ((facts,),) = stored(store, "SELECT facts FROM loads")
    facts = json.loads(facts)
    engine = facts["engine"]
    assert engine["tensor_parallel_size"] == "2", engine
    assert facts["devices"] == ["cpu", "cpu"], facts  # each rank gave its own account
    assert "rank=1" in engine["log"], engine["log"]  # which only that rank's process logs
