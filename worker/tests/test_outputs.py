"""vLLM's outputs to `result`, on hand-made ones; the expected values are worked out by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from assay_worker import outputs


def flat(*rows: list[tuple[int, float, int]]) -> Any:
    """vLLM's FlatLogprobs: per position the prompt's token first, then the likeliest."""
    made = SimpleNamespace(start_indices=[], end_indices=[], token_ids=[], logprobs=[], ranks=[])
    for row in rows:
        made.start_indices.append(len(made.token_ids))
        for token, logprob, rank in row:
            made.token_ids.append(token)
            made.logprobs.append(logprob)
            made.ranks.append(rank)
        made.end_indices.append(len(made.token_ids))
    return made


FIRST: list[tuple[int, float, int]] = []  # the first token has no log-probability
LIKELIEST = [(5, -0.25, 1), (5, -0.25, 1)]
SECOND = [(6, -1.5, 2), (9, -0.5, 1)]
TIED = [(7, -0.75, 2), (8, -0.75, 1)]
IMPOSSIBLE = [(7, -math.inf, 900), (8, -0.75, 1)]


def test_a_loglikelihood_is_the_sum_over_the_continuation() -> None:
    assert outputs.loglikelihood(flat(FIRST, LIKELIEST, SECOND), 1) == {
        "sum": -1.75, "is_greedy": False, "tokens": 2}  # fmt: skip
    assert outputs.loglikelihood(flat(FIRST, SECOND, LIKELIEST), 2) == {
        "sum": -0.25, "is_greedy": True, "tokens": 1}  # fmt: skip


def test_a_tie_is_greedy_as_in_lm_eval() -> None:
    assert outputs.loglikelihood(flat(FIRST, TIED), 1)["is_greedy"]


def test_minus_infinity_is_null() -> None:
    assert outputs.loglikelihood(flat(FIRST, IMPOSSIBLE), 1)["sum"] is None
    assert outputs.positions(flat(FIRST, IMPOSSIBLE), 1, 1)[0] == [7, None, 900, [8], [-0.75]]


def test_what_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a number"):
        outputs.loglikelihood(flat(FIRST, [(5, math.nan, 1)]), 1)
    with pytest.raises(ValueError, match="not a number"):
        outputs.positions(flat(FIRST, [(5, math.nan, 1)]), 1, 1)


def test_positions_hold_the_likeliest_first() -> None:
    row = [(6, -1.5, 3), (9, -0.5, 1), (8, -1.0, 2), (6, -1.5, 3)]
    assert outputs.positions(flat(FIRST, LIKELIEST, row), 2, 3) == [
        [6, -1.5, 3, [9, 8, 6], [-0.5, -1.0, -1.5]]
    ]


def test_numbers_keep_a_float32_exactly() -> None:
    third = 0.3333333432674408  # float32(1/3)
    assert outputs.short_number(third) == pytest.approx(third, abs=1e-9)
    assert repr(outputs.short_number(third)) == "0.333333343"


def test_generation_leaves_out_special_tokens() -> None:
    completion = SimpleNamespace(
        text="<|go|>Hi<|go|>!", token_ids=(1, 50, 1, 51), finish_reason="stop", stop_reason=2
    )
    output = SimpleNamespace(outputs=[completion], prompt_token_ids=[1, 2, 3], metrics=None)
    result = outputs.generate_result(4, output, {1: "<|go|>", 2: "<|end|>"})
    assert (result["text"], result["token_ids"]) == ("Hi!", [1, 50, 1, 51])
    assert (result["finish_reason"], result["stop_reason"], result["prompt_tokens"]) == (
        "stop", "", 3)  # fmt: skip


def test_an_aborted_request_is_an_error() -> None:
    completion = SimpleNamespace(finish_reason="abort", stop_reason=None)
    assert outputs.finish(completion) == ("error", "", "the engine ended the request: abort")


def test_times_are_spans_and_never_negative() -> None:
    metrics = SimpleNamespace(queued_ts=10.0, scheduled_ts=12.5, first_token_ts=13.0,
                              last_token_ts=0.0)  # fmt: skip
    assert outputs.times(metrics) == {"queued_s": 2.5, "first_token_s": 0.5, "decode_s": 0.0}
    assert outputs.times(None) == {"queued_s": 0.0, "first_token_s": 0.0, "decode_s": 0.0}


def test_generation_tells_log_probabilities_where_they_are_asked_for() -> None:
    completion = SimpleNamespace(
        text="Hi", token_ids=(5, 6), finish_reason="length", stop_reason=None,
        logprobs=flat(LIKELIEST, SECOND),
    )  # fmt: skip
    output = SimpleNamespace(outputs=[completion], prompt_token_ids=[1], metrics=None)
    assert outputs.generate_result(4, output, {})["positions"] == []
    result = outputs.generate_result(4, output, {}, 1)
    assert result["positions"] == [[5, -0.25, 1, [5], [-0.25]], [6, -1.5, 2, [9], [-0.5]]]
    completion.logprobs = flat([(5, math.nan, 1), (5, math.nan, 1)])
    with pytest.raises(ValueError, match=outputs.NOT_A_NUMBER):
        outputs.generate_result(4, output, {}, 1)
