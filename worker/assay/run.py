"""One run's folder as data frames.

Items, scores and answers come from the store (docs/store.md), comparisons from the results.json
that the program made of it: intervals and verdicts are computed in one place only. Nothing is
written.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Version 2 lacks the rows' checksums alone (docs/store.md).
STORE_VERSIONS = (2, 3)
RESULTS_VERSION = 3

SOUNDNESS = ("truncated", "empty", "looping", "not_extractable", "thinking_not_closed")
SCORE_TEXTS = ("reason", "extracted", "target")
COMPARISON_COLUMNS = ("variant", "task", "verdict", "reason", "n", "diff_pp", "interval_low_pp",
                      "interval_high_pp", "interval_confidence", "baseline_mean", "candidate_mean",
                      "flips_to_wrong", "flips_to_right", "mcnemar_p", "p_worse", "p_non_inferior",
                      "items_needed", "method")  # fmt: skip
POOLED = ""  # the task of a comparison over all tasks


class StoreError(Exception):
    """What, why and what to do: a line each."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(f"{what}\nwhy: {why}\nfix: {fix}")
        self.what, self.why, self.fix = what, why, fix


def open_run(folder: str | Path) -> Run:
    """The run in `folder`, one that still goes on included."""
    return Run(Path(folder))


def pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise StoreError(
            "there is no pandas", "the frames are pandas'", "pip install 'assay[pandas]'"
        ) from None
    return pandas


class Run:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store.sqlite"
        if not self.store.is_file():
            raise StoreError(
                f"{folder} is no run", "it holds no store.sqlite", "name what `assay run` wrote to"
            )
        version = next(self.rows("PRAGMA user_version"))[0]
        if version not in STORE_VERSIONS:
            raise StoreError(
                f"{self.store} has schema version {version}",
                f"this package reads {' and '.join(map(str, STORE_VERSIONS))}",
                "take the package that came with the program that wrote it; `assay score FOLDER` "
                "brings older stores up to date",
            )

    def __repr__(self) -> str:
        return f"assay.open({str(self.folder)!r})"

    def rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Read-only; a query sees one state of the store, whatever a running program adds."""
        # A program that has the store open keeps a log beside it. Without one SQLite is told that
        # nobody writes, or it would make files there itself.
        alone = "" if self.store.with_name("store.sqlite-wal").exists() else "&immutable=1"
        address = f"{self.store.resolve().as_uri()}?mode=ro{alone}"
        try:
            with closing(sqlite3.connect(address, uri=True)) as db:
                yield from db.execute(query, values)
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self.store} cannot be read", str(error), "bring back a copy of it"
            ) from error

    # ---------------------------------------------------------------- what the run is
    @cached_property
    def meta(self) -> dict[str, str]:
        """The store's table of that name, docs/store.md."""
        return dict(self.rows("SELECT name, value FROM meta"))

    @cached_property
    def frozen(self) -> dict[str, Any]:
        """The plan with every default filled in, docs/frozen_plan.md."""
        if "frozen" not in self.meta:
            raise StoreError(
                f"{self.store} holds no plan", "the run did not begin", "run the plan again"
            )
        return json.loads(self.meta["frozen"])

    @property
    def name(self) -> str:
        return self.frozen["plan"]["name"]

    @property
    def variants(self) -> list[str]:
        """The baseline first."""
        return [variant["name"] for variant in self.frozen["variants"]]

    @property
    def baseline(self) -> str:
        return next((v["name"] for v in self.frozen["variants"] if v["baseline"]), "")

    @property
    def tasks(self) -> list[str]:
        return [task["name"] for task in self.frozen["tasks"]]

    @property
    def results(self) -> dict[str, Any]:
        """results.json, docs/report_schema.md; an error where the report was not made yet."""
        file = self.folder / "results.json"
        if not file.is_file():
            raise StoreError(
                f"{self.folder} has no results.json", "the run has not ended", "assay report FOLDER"
            )
        found = json.loads(file.read_text(encoding="utf-8"))
        if found.get("schema_version") != RESULTS_VERSION:
            raise StoreError(
                f"{file} has schema version {found.get('schema_version')}",
                f"this package reads {RESULTS_VERSION}",
                "`assay report FOLDER` writes it anew from the store",
            )
        return found

    # ---------------------------------------------------------------- frames
    @property
    def items(self) -> pd.DataFrame:
        """task, item, position (in the run's order), stratum, group: a line an item."""
        query = "SELECT task, id, position, stratum, grp FROM items ORDER BY task, position"
        columns = ["task", "item", "position", "stratum", "group"]
        return pandas().DataFrame(list(self.rows(query)), columns=columns)

    @property
    def scores(self) -> pd.DataFrame:
        """A line a variant, task, item and repeat: how the answer was judged.

        `outcome` is "scored" or "unscored", then `reason` says why and the metrics are missing: it
        never counts as wrong. Metrics are columns by their names, `robust` first.
        """
        return self._scores("answer")

    @property
    def second_pass(self) -> pd.DataFrame:
        """As `scores`, of the baseline's second answers (docs/noise_floor.md)."""
        return self._scores("second_pass")

    def _scores(self, purpose: str) -> pd.DataFrame:
        query = (
            "SELECT variant, task, item, repeat, body FROM scores WHERE purpose = ? "
            "ORDER BY variant, task, item, repeat"
        )
        lines = [
            {"variant": variant, "task": task, "item": item, "repeat": repeat, **score_line(body)}
            for variant, task, item, repeat, body in self.rows(query, purpose)
        ]
        first = ["variant", "task", "item", "repeat", "outcome", *SCORE_TEXTS, *SOUNDNESS]
        metrics = sorted({key for line in lines for key in line} - set(first))
        metrics.sort(key=lambda name: name != "robust")
        return self._in_order(pandas().DataFrame(lines, columns=first + metrics))

    @property
    def answers(self) -> pd.DataFrame:
        """A line a request of the scored answers: text, finish reason, tokens and times."""
        query = (
            "SELECT s.variant, s.task, s.item, s.repeat, s.step, r.body FROM steps AS s "
            "JOIN responses AS r ON r.key = s.response_key WHERE s.purpose = 'answer' "
            "ORDER BY s.variant, s.task, s.item, s.repeat, s.step"
        )
        lines = [
            {"variant": variant, "task": task, "item": item, "repeat": repeat, "step": step,
             **answer_line(body)}
            for variant, task, item, repeat, step, body in self.rows(query)
        ]  # fmt: skip
        columns = ["variant", "task", "item", "repeat", "step", "text", "finish_reason",
                   "prompt_tokens", "output_tokens", "queued_s", "first_token_s",
                   "decode_s"]  # fmt: skip
        return self._in_order(pandas().DataFrame(lines, columns=columns))

    @property
    def comparisons(self) -> pd.DataFrame:
        """A line a candidate and task, as the report has it; `task` "" is the pooled comparison."""
        results = self.results
        lines = [
            {"variant": variant, "task": POOLED, **found}
            for variant, found in results["pooled"].items()
        ]
        for task in results["tasks"]:
            for variant, cell in task["cells"].items():
                if cell["paired"]:
                    lines.append({"variant": variant, "task": task["name"], **cell["paired"]})
        return pandas().DataFrame(lines, columns=list(COMPARISON_COLUMNS))

    def _in_order(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Variants and tasks as the plan has them, items as the run took them."""
        place = {
            (task, item): n for task, item, n in self.rows("SELECT task, id, position FROM items")
        }
        positions = [place.get(key, -1) for key in zip(frame["task"], frame["item"], strict=True)]
        order = frame.assign(
            _variant=frame["variant"].map(numbers(self.variants)),
            _task=frame["task"].map(numbers(self.tasks)),
            _item=positions,
        )
        by = ["_variant", "_task", "_item", "repeat", *(["step"] if "step" in frame else [])]
        return frame.loc[order.sort_values(by, kind="stable").index].reset_index(drop=True)


def numbers(names: list[str]) -> Callable[[str], int]:
    places = {name: n for n, name in enumerate(names)}
    return lambda name: places.get(name, len(places))


def score_line(body: str) -> dict[str, Any]:
    score = json.loads(body)
    line = {"outcome": score["outcome"]}
    line |= {key: score[key] for key in (*SCORE_TEXTS, *SOUNDNESS)}
    return line | (score["metrics"] if score["outcome"] == "scored" else {})


def answer_line(body: str) -> dict[str, Any]:
    answer = json.loads(body)
    keys = ("text", "finish_reason", "prompt_tokens", "queued_s", "first_token_s", "decode_s")
    line = {key: answer[key] for key in keys}
    return line | {"output_tokens": len(answer["token_ids"])}
