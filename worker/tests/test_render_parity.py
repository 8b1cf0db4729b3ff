"""Prompts against lm-eval's own, case by case. Needs what is not in the repository:

ASSAY_SHARED          parity/open/prompts.jsonl.xz lies below it
ASSAY_PARITY_RECORDS  written by tests/parity/make_records.py with the bf16 tokenizer below
ASSAY_DEMO_MODELS     bf16/ with SmolLM2's tokenizer (default: build/demo-models)
ASSAY_QWEN3_TOKENIZER optional: a folder with Qwen3's tokenizer
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
from pathlib import Path
from typing import Any

import pytest

from assay_worker.render import Renderer

ROOT = Path(__file__).resolve().parents[2]
SHARED = os.environ.get("ASSAY_SHARED", "")
RECORDS = os.environ.get("ASSAY_PARITY_RECORDS", "")
FOLDERS = {
    "smollm2": os.environ.get("ASSAY_DEMO_MODELS", str(ROOT / "build" / "demo-models")) + "/bf16",
    "qwen3": os.environ.get("ASSAY_QWEN3_TOKENIZER", ""),
}


def records(tokenizer: str) -> list[dict[str, Any]]:
    path = Path(SHARED) / "parity" / "open" / "prompts.jsonl.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [r for line in file if (r := json.loads(line))["tokenizer"] == tokenizer]


def digest(ids: list[int]) -> str:
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()


def differs(renderer: Renderer, record: dict[str, Any]) -> str:
    request = {"messages": record.get("messages", []), "assistant_prefix": ""}
    if "pairs" not in record:
        request |= {"kind": "generate", "plain": record["prompt"]}
        got = renderer.render(request)
        if got["text"] != record["prompt"]:
            return "text"
        if len(got["prompt_tokens"]) != record["prompt_tokens"]:
            return "number of tokens"
        return "" if digest(got["prompt_tokens"]) == record["prompt_ids_sha256"] else "tokens"
    pairs = record["pairs"]
    request |= {"kind": "loglikelihood", "plain": pairs[0]["context"]}
    got = renderer.render(request | {"continuations": [p["continuation"] for p in pairs]})
    for pair, scored in zip(pairs, got["scored"], strict=True):
        context = scored["tokens"][: scored["continuation_start"]]
        if digest(context) != pair["context_ids_sha256"]:
            return "context"
        if scored["tokens"][scored["continuation_start"] :] != pair["continuation_ids"]:
            return "continuation"
    return ""


@pytest.mark.parametrize("name", ["smollm2", "qwen3"])
@pytest.mark.skipif(not SHARED, reason="ASSAY_SHARED is not set")
def test_no_prompt_differs_from_lm_eval(name: str) -> None:
    if not FOLDERS[name] or not Path(FOLDERS[name]).is_dir():
        pytest.skip(f"no tokenizer folder for {name}")
    renderers: dict[tuple[bool, str], Renderer] = {}
    found = []
    count = 0
    for record in records(name):
        thinking = record["enable_thinking"]
        args = {} if thinking is None else {"enable_thinking": thinking}
        key = (record["apply_chat_template"], str(thinking))
        if key not in renderers:
            renderers[key] = Renderer(Path(FOLDERS[name]), key[0], args)
        count += 1
        if what := differs(renderers[key], record):
            found.append((record["task"], record["doc_index"], key, what))
    print(f"{name}: {count} prompts compared, {len(found)} differ")
    assert count > 200
    assert found == []


@pytest.mark.skipif(not RECORDS, reason="ASSAY_PARITY_RECORDS is not set")
def test_templates_of_shipped_rows_are_lm_evals() -> None:
    renderer = Renderer(Path(FOLDERS["smollm2"]), True, {})
    lines = Path(RECORDS).read_text(encoding="utf-8").splitlines()
    rendered = [r for line in lines if "rendered" in (r := json.loads(line))]
    found = [
        (r["task"], r["doc_index"])
        for r in rendered
        if renderer.text({"messages": r["messages"]}) != r["rendered"]
    ]
    print(f"shipped rows: {len(rendered)} prompts compared, {len(found)} differ")
    assert len(rendered) > 50
    assert found == []
