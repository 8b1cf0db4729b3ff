"""vLLM's outputs to the fields of `result`. Imports no vLLM: it reads attributes only."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

Frame = dict[str, Any]


def empty_result(request_id: int, prompt_tokens: int = 0) -> Frame:
    return {
        "type": "result",
        "id": request_id,
        "text": "",
        "token_ids": [],
        "finish_reason": "stop",
        "stop_reason": "",
        "loglikelihoods": [],
        "positions": [],
        "error": "",
        "prompt_tokens": prompt_tokens,
        "queued_s": 0.0,
        "first_token_s": 0.0,
        "decode_s": 0.0,
    }


def failed_result(request_id: int, why: str, prompt_tokens: int = 0) -> Frame:
    result = empty_result(request_id, prompt_tokens)
    return {**result, "finish_reason": "error", "error": why}


def times(metrics: Any) -> Frame:
    """queued_s, first_token_s, decode_s from vLLM's RequestStateStats (monotonic seconds)."""
    queued = getattr(metrics, "queued_ts", 0.0)
    scheduled = getattr(metrics, "scheduled_ts", 0.0)
    first = getattr(metrics, "first_token_ts", 0.0)
    last = getattr(metrics, "last_token_ts", 0.0)
    return {
        "queued_s": span(queued, scheduled),
        "first_token_s": span(scheduled, first),
        "decode_s": span(first, last),
    }


def span(start: float, end: float) -> float:
    """0 when either end was not measured."""
    return max(0.0, end - start) if start > 0 and end > 0 else 0.0


def finish(completion: Any) -> tuple[str, str, str]:
    """finish_reason, stop_reason, error."""
    reason = completion.finish_reason
    if reason in ("stop", "length"):
        stop = completion.stop_reason
        return reason, stop if isinstance(stop, str) else "", ""
    return "error", "", f"the engine ended the request: {reason}"


def without_special_tokens(text: str, token_ids: Iterable[int], special: dict[int, str]) -> str:
    """Generation keeps special tokens in its text, so that stop strings can name them."""
    for token in set(token_ids) & special.keys():
        text = text.replace(special[token], "")
    return text


NOT_A_NUMBER = "the engine gave a log-probability that is not a number"  # docs/worker_protocol.md


def generate_result(
    request_id: int, output: Any, special: dict[int, str], logprobs: int = 0
) -> Frame:
    """`logprobs`: as many of the likeliest at each token were asked for."""
    completion = output.outputs[0]
    token_ids = list(completion.token_ids)
    reason, stop, error = finish(completion)
    return {
        **empty_result(request_id, len(output.prompt_token_ids or [])),
        "text": without_special_tokens(completion.text, token_ids, special),
        "token_ids": token_ids,
        "finish_reason": reason,
        "stop_reason": stop,
        "positions": positions(completion.logprobs, 0, logprobs) if logprobs else [],
        "error": error,
        **times(output.metrics),
    }


def rows(logprobs: Any, start: int) -> Iterable[tuple[list[int], list[float], list[int]]]:
    """Per position from `start` on: token ids, log-probabilities, ranks; first those of the token
    that stands there.

    Takes vLLM's FlatLogprobs, whose entries need no objects of their own.
    """
    flat = logprobs
    for at in range(start, len(flat.start_indices)):
        a, b = flat.start_indices[at], flat.end_indices[at]
        yield flat.token_ids[a:b], flat.logprobs[a:b], flat.ranks[a:b]


def loglikelihood(prompt_logprobs: Any, start: int) -> Frame:
    """Sum over the continuation, and whether each of its tokens is a likeliest one (ties count).

    This is what lm-eval's vLLM backend computes from prompt_logprobs=1.
    """
    total, greedy, count = 0.0, True, 0
    for _, logprobs, _ in rows(prompt_logprobs, start):
        total += logprobs[0]
        greedy = greedy and logprobs[0] >= max(logprobs)
        count += 1
    if math.isnan(total):
        raise ValueError(NOT_A_NUMBER)
    return {"sum": json_number(total), "is_greedy": greedy, "tokens": count}


def positions(logprobs: Any, start: int, top_k: int) -> list[list[Any]]:
    """[[token, logprob, rank, [top tokens], [top logprobs]]], likeliest first."""
    out = []
    for tokens, values, ranks in rows(logprobs, start):
        # The first entry is the token itself; then come the top k by rank, maybe that one again.
        top = slice(1, 1 + top_k)
        out.append(
            [
                tokens[0],
                short_number(values[0]),
                ranks[0],
                tokens[top],
                [short_number(x) for x in values[top]],
            ]
        )
    return out


def json_number(value: float) -> float | None:
    return None if value == -math.inf else value


def short_number(value: float) -> float | None:
    """Nine digits hold a float32 exactly and halve the frame."""
    if math.isnan(value):
        raise ValueError(NOT_A_NUMBER)
    return None if value == -math.inf else float(f"{value:.9g}")
