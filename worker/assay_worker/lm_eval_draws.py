"""A document's few-shot exemplars, whichever other documents are asked.

lm-eval's sampler draws anew for each document that is asked, all from one generator: with other
`samples`, the same document is shown other exemplars. Here the documents that are left out draw as
well, and what they draw is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lm_eval.api.samplers import ContextSampler
from lm_eval.api.task import Task


@contextmanager
def drawing(order: dict[str, list[int]] | None) -> Iterator[None]:
    """While it lasts, tasks that are asked for `samples` draw for the documents of `order` (task ->
    indices, ascending, of which the samples are some); None: for all documents."""
    plain = Task.build_all_requests

    def build(self: Any, *, samples: list[int] | None = None, **rest: Any) -> None:
        # Other samplers than lm-eval's default draw nothing (first_n), or are a task's own.
        if samples and type(getattr(self, "sampler", None)) is ContextSampler:
            mine = None if order is None else order[self.task_name]
            draw_also(self, sorted(samples), mine)
        plain(self, samples=samples, **rest)

    Task.build_all_requests = build
    try:
        yield
    finally:
        Task.build_all_requests = plain


def draw_also(task: Any, asked: list[int], order: list[int] | None) -> None:
    """Has the task's sampler draw for the documents of `order` before each one that is asked."""
    documents = list(task.eval_docs)
    gaps: list[list[int]] = [[]]
    wanted = set(asked)
    for index in range(asked[-1] + 1) if order is None else order:
        if index in wanted:
            gaps.append([])
        else:
            gaps[-1].append(index)
    left_out = iter(gaps)
    plain = task.sampler.sample

    def sample(n: int, eval_doc: Any = None, **rest: Any) -> Any:
        for index in next(left_out):
            # Where exemplars come from the scored split, a document's draw depends on itself.
            plain(n, None if eval_doc is None else documents[index], **rest)
        return plain(n, eval_doc, **rest)

    task.sampler.sample = sample
