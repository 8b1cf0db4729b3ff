"""Engine arguments with which a load that lacked memory may be tried once more: one stated step
less, which changes no answer beyond how requests are batched."""

from __future__ import annotations

import math
from typing import Any

from assay_worker.vllm_releases import BATCHED_TOKENS, FREE_MEMORY, NO_MEMORY, SEQUENCES

Frame = dict[str, Any]

STEP = 0.1  # of the card, for what vLLM does not count beforehand: activations, graphs, NCCL
MARGIN = 0.02  # of the card, below what was free
LEAST = 0.1


def lacks_memory(why: str) -> bool:
    return any(words in why for words in NO_MEMORY)


def less_memory(why: str, args: Frame) -> Frame:
    """`why`: the error's words; `args`: the load's arguments, with `gpu_memory_utilization` where
    it is known. Empty: memory was not the reason, or nothing is left to lower."""
    if not lacks_memory(why):
        return {}
    if given := args.get("kv_cache_memory_bytes"):
        return {"kv_cache_memory_bytes": int(given) // 2}
    if "No available memory" in why:
        # Weights and activations leave nothing of the share: fewer activations do.
        sequences = int(args.get("max_num_seqs") or SEQUENCES)
        batched = int(args.get("max_num_batched_tokens") or BATCHED_TOKENS)
        lowered = {"max_num_seqs": max(1, sequences // 2)}
        if batched > 2048:
            lowered["max_num_batched_tokens"] = max(2048, batched // 2)
        return lowered
    utilization = float(args.get("gpu_memory_utilization", 0.0))
    share = utilization - STEP
    if found := FREE_MEMORY.search(why):
        free, total = map(float, found.groups())
        share = min(utilization, free / total) - MARGIN
    share = math.floor(share * 100 + 1e-6) / 100
    return {"gpu_memory_utilization": share} if share >= LEAST else {}
