"""`import assay` over a folder that the program wrote (conftest.recorded_run)."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

import assay
from assay.run import SCORE_TEXTS


def test_says_what_the_run_is(recorded_run: Path) -> None:
    run = assay.open(recorded_run)
    assert (run.name, run.variants, run.baseline) == ("recorded", ["bf16", "fp8"], "bf16")
    assert run.tasks == ["mmlu_pro", "gpqa_diamond"]
    assert run.meta["end"] == "complete"


def test_scores_are_a_line_an_item(recorded_run: Path) -> None:
    scores = assay.open(recorded_run).scores
    assert list(scores.columns[:5]) == ["variant", "task", "item", "repeat", "outcome"]
    assert "robust" in scores and set(SCORE_TEXTS) <= set(scores)
    mmlu = scores[scores.task == "mmlu_pro"]
    found = mmlu.set_index(["variant", "item"]).robust.to_dict()
    # data/mmlu_pro: 101 and 102 are B, 103 is C, 201 is A.
    assert found == {
        ("bf16", "101"): 1, ("bf16", "102"): 1, ("bf16", "103"): 0, ("bf16", "201"): 0,
        ("fp8", "101"): 0, ("fp8", "102"): 0, ("fp8", "103"): 1, ("fp8", "201"): 0,
    }  # fmt: skip
    assert set(mmlu[mmlu.variant == "fp8"].extracted) == {"C"}
    assert list(scores.variant.unique()) == ["bf16", "fp8"]
    assert list(scores.task.unique()) == ["mmlu_pro", "gpqa_diamond"]


def test_items_stand_in_the_runs_order(recorded_run: Path) -> None:
    run = assay.open(recorded_run)
    items = run.items[run.items.task == "mmlu_pro"]
    assert list(items.position) == [0, 1, 2, 3] and set(items.item) == {"101", "102", "103", "201"}
    of_one = run.scores.query("variant == 'bf16' and task == 'mmlu_pro'")
    assert list(of_one.item) == list(items.item)
    assert "row" not in items, "a row holds the question"


def test_answers_have_texts_and_tokens(recorded_run: Path) -> None:
    answers = assay.open(recorded_run).answers
    assert len(answers) == 12
    assert set(answers[answers.variant == "fp8"].text) == {"The answer is (C)."}
    assert (answers.output_tokens > 0).all() and set(answers.finish_reason) == {"stop"}


def test_comparisons_are_the_reports_own(recorded_run: Path) -> None:
    run = assay.open(recorded_run)
    frame = run.comparisons.set_index("task")
    assert list(frame.index) == ["", "mmlu_pro", "gpqa_diamond"]
    assert set(frame.variant) == {"fp8"}
    # Of four items two were lost and one was gained.
    assert frame.loc["mmlu_pro", "diff_pp"] == -25
    assert frame.loc["mmlu_pro", ["n", "flips_to_wrong", "flips_to_right"]].tolist() == [4, 2, 1]
    assert frame.loc["", "verdict"] == run.results["pooled"]["fp8"]["verdict"]


def test_nothing_is_written(recorded_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(recorded_run, copy)
    before = sorted((p.name, p.stat().st_mtime_ns) for p in copy.iterdir())
    assert len(assay.open(copy).scores) == 12
    assert sorted((p.name, p.stat().st_mtime_ns) for p in copy.iterdir()) == before


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda folder: (folder / "store.sqlite").unlink(), "is no run"),
        (lambda folder: set_version(folder, 4), "has schema version 4"),
        (lambda folder: (folder / "store.sqlite").write_bytes(b"x" * 8192), "cannot be read"),
    ],
)
def test_what_is_no_store_is_refused(recorded_run: Path, tmp_path: Path, spoil, what: str) -> None:
    copy = tmp_path / "run"
    shutil.copytree(recorded_run, copy)
    spoil(copy)
    with pytest.raises(assay.StoreError, match=what) as refused:
        assay.open(copy)
    assert refused.value.fix


def set_version(folder: Path, version: int) -> None:
    with sqlite3.connect(folder / "store.sqlite") as db:
        db.execute(f"PRAGMA user_version = {version}")


def test_a_run_without_report_names_the_command(recorded_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(recorded_run, copy)
    (copy / "results.json").unlink()
    assert len(assay.open(copy).scores) == 12
    with pytest.raises(assay.StoreError, match="assay report"):
        _ = assay.open(copy).comparisons


def test_a_run_that_goes_on_is_read(recorded_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(recorded_run, copy)
    writer = sqlite3.connect(copy / "store.sqlite")
    writer.execute("DELETE FROM scores WHERE variant = 'fp8'")
    writer.commit()  # into the log beside the store, not yet into the store
    assert (copy / "store.sqlite-wal").stat().st_size > 0
    assert set(assay.open(copy).scores.variant) == {"bf16"}
    writer.close()
