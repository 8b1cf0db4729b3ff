"""The `loaded` frame's facts, read from the engine and its log, not from the checkpoint's name."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from assay_worker.checkpoint import checkpoint_bits
from assay_worker.energy import driver_version
from assay_worker.fallbacks import tells_of_fallback
from assay_worker.kernels import kernel_fact
from assay_worker.load_parts import part_of, slowest
from assay_worker.rank_errors import note_error
from assay_worker.versions import installed_versions

EXTENSION = "assay_worker.engine_facts.EngineFacts"
NOTABLE = re.compile(r"\b(Selected \S|Using |backend|fallback|falling back|does not have native)")
ADDRESS = re.compile(r"\b\w+://\S+")  # where ranks meet: this machine's own, no fact to keep


class LogCapture:
    """Hands on vLLM's log lines while it loads and keeps those that name what was chosen.

    It stands where log records are made: vLLM takes all handlers off its loggers as it starts.
    """

    def __init__(self, progress: Callable[[str], None]) -> None:
        self.progress = progress
        self.notable: list[str] = []
        self.fell_back: list[str] = []
        self.parts: dict[str, float] = {}
        self.active = False

    def take(self, record: logging.LogRecord) -> None:
        line = " ".join(record.getMessage().split())[:300]
        fact = ADDRESS.sub("(address)", line)
        if NOTABLE.search(fact) and fact not in self.notable and len(self.notable) < 100:
            self.notable.append(fact)
        if tells_of_fallback(str(record.msg)) and line not in self.fell_back:
            self.fell_back.append(line)
        note_error(record)
        if part := part_of(line):
            self.parts[part[0]] = self.parts.get(part[0], 0.0) + part[1]
        self.progress(line)

    def start(self) -> None:
        make = logging.getLogRecordFactory()

        def make_and_take(*args: Any, **kwargs: Any) -> logging.LogRecord:
            record = make(*args, **kwargs)
            if self.active and record.levelno >= logging.INFO and record.name.startswith("vllm"):
                with contextlib.suppress(Exception):
                    self.take(record)
            return record

        # It stays in its place, idle, afterwards: vLLM may have wrapped it by then.
        logging.setLogRecordFactory(make_and_take)
        self.active = True

    def __enter__(self) -> LogCapture:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.active = False


def loaded_facts(llm: Any, load_s: float, log: LogCapture, extended: bool) -> dict[str, Any]:
    engine = llm.llm_engine
    config = engine.vllm_config
    ranks = engine.collective_rpc("assay_engine_facts") if extended else []
    attention: Counter[str] = Counter()
    for rank in ranks:
        attention.update(rank["attention"])
    lines = dict.fromkeys([*log.notable, *(line for rank in ranks for line in rank["log"])])
    fell_back = dict.fromkeys(
        [*log.fell_back, *(line for rank in ranks for line in rank["fell_back"])]
    )
    quantization = config.model_config.quantization or ""
    cache = config.cache_config
    blocks = cache.num_gpu_blocks or 0
    return {
        "load_s": load_s,
        "parts": slowest([log.parts, *(rank["parts"] for rank in ranks)]),
        "dtype": str(config.model_config.dtype).removeprefix("torch."),
        "quantization": quantization,
        "kernels": over_ranks(rank["kernels"] for rank in ranks) or kernels_from_log(lines),
        "checkpoint": checkpoint_bits(Path(config.model_config.model), quantization),
        "fell_back": list(fell_back),
        "attention_backend": ", ".join(sorted(attention)),
        "kv_cache_tokens": blocks * cache.block_size,
        "max_model_len": config.model_config.max_model_len,
        "max_num_seqs": config.scheduler_config.max_num_seqs,
        "gpu_memory_bytes": sum(rank["gpu_memory_bytes"] for rank in ranks),
        "devices": [rank["device"] for rank in ranks],
        "engine": {
            "kv_cache_dtype": str(cache.cache_dtype),
            "kv_cache_blocks": str(blocks),
            "kv_cache_block_size": str(cache.block_size),
            "prefix_caching": str(cache.enable_prefix_caching),
            "max_num_batched_tokens": str(config.scheduler_config.max_num_batched_tokens),
            "tensor_parallel_size": str(config.parallel_config.tensor_parallel_size),
            "enforce_eager": str(config.model_config.enforce_eager),
            "head_size": str(config.model_config.get_head_size()),
            **where_told(
                flash_attention=flash_attention(lines),
                batch_invariant=os.environ.get("VLLM_BATCH_INVARIANT"),
                driver=driver_version(),
            ),
            "log": "\n".join(lines),
        },
    }


def where_told(**facts: str | None) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value}


def flash_attention(lines: Iterable[str]) -> str:
    """Which version of it runs, by vLLM's log; empty: not told."""
    found = [m[1] for line in lines if (m := re.search(r"FlashAttention version (\d+)", line))]
    return found[0] if found else ""


def over_ranks(lists: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The ranks' entries, layers added up where all else is the same; by kind and name."""
    layers: Counter[tuple[tuple[str, Any], ...]] = Counter()
    for facts in lists:
        for fact in facts:
            layers[tuple((k, v) for k, v in fact.items() if k != "layers")] += fact["layers"]
    merged = [{**dict(fact), "layers": count} for fact, count in layers.items()]
    return sorted(merged, key=lambda fact: (fact["layer"], fact["name"], str(fact)))


def kernels_from_log(lines: Iterable[str]) -> list[dict[str, Any]]:
    """For an engine that cannot be asked: "Selected <Kernel> for ", "Using <Kernel> for "."""
    found = set()
    for line in lines:
        found.update(re.findall(r"(?:Selected|Using) (\w*Kernel\w*) for ", line))
    version = installed_versions().get("vllm", "")
    return [{**kernel_fact(name, version, ""), "layers": 0} for name in sorted(found)]
