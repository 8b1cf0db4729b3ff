"""The `loaded` frame's facts, read from the engine and its log, not from the checkpoint's name."""

from __future__ import annotations

import contextlib
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

EXTENSION = "assay_worker.engine_facts.EngineFacts"
NOTABLE = re.compile(r"\b(Selected \S|Using |backend|fallback|falling back|does not have native)")


class LogCapture:
    """Hands on vLLM's log lines while it loads and keeps those that name what was chosen.

    It stands where log records are made: vLLM takes all handlers off its loggers as it starts.
    """

    def __init__(self, progress: Callable[[str], None]) -> None:
        self.progress = progress
        self.notable: list[str] = []
        self.active = False

    def take(self, record: logging.LogRecord) -> None:
        line = " ".join(record.getMessage().split())[:300]
        if NOTABLE.search(line) and line not in self.notable and len(self.notable) < 100:
            self.notable.append(line)
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
    kernels: Counter[str] = Counter()
    attention: Counter[str] = Counter()
    for rank in ranks:
        kernels.update(rank["kernels"])
        attention.update(rank["attention"])
    lines = dict.fromkeys([*log.notable, *(line for rank in ranks for line in rank["log"])])
    cache = config.cache_config
    blocks = cache.num_gpu_blocks or 0
    return {
        "load_s": load_s,
        "dtype": str(config.model_config.dtype).removeprefix("torch."),
        "quantization": config.model_config.quantization or "",
        "kernels": sorted(kernels) or kernels_from_log(lines),
        "attention_backend": ", ".join(sorted(attention)),
        "kv_cache_tokens": blocks * cache.block_size,
        "max_model_len": config.model_config.max_model_len,
        "max_num_seqs": config.scheduler_config.max_num_seqs,
        "gpu_memory_bytes": sum(rank["gpu_memory_bytes"] for rank in ranks),
        "engine": {
            "kernel_layers": ", ".join(f"{k}: {kernels[k]}" for k in sorted(kernels)),
            "devices": ", ".join(rank["device"] for rank in ranks),
            "kv_cache_dtype": str(cache.cache_dtype),
            "kv_cache_blocks": str(blocks),
            "kv_cache_block_size": str(cache.block_size),
            "prefix_caching": str(cache.enable_prefix_caching),
            "max_num_batched_tokens": str(config.scheduler_config.max_num_batched_tokens),
            "tensor_parallel_size": str(config.parallel_config.tensor_parallel_size),
            "enforce_eager": str(config.model_config.enforce_eager),
            "log": "\n".join(lines),
        },
    }


def kernels_from_log(lines: Iterable[str]) -> list[str]:
    """For an engine that cannot be asked: "Selected <Kernel> for ", "Using <Kernel> for "."""
    found = set()
    for line in lines:
        found.update(re.findall(r"(?:Selected|Using) (\w*Kernel\w*) for ", line))
    return sorted(found)
