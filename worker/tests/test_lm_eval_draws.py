"""Exemplars drawn by lm-eval's own sampler, on rows of our own: no model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")

from assay_worker.lm_eval_draws import drawing

ROWS = [{"question": f"Which is {n}?", "answer": f"It is.\n#### {n}"} for n in range(40)]


def prompts(folder: Path, samples: list[int] | None, order: dict[str, list[int]] | None,
            split: str) -> list[str]:  # fmt: skip
    """The prompts of gsm8k's documents, with exemplars out of `split`."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    files = {name: folder / f"{name}.jsonl" for name in ("train", "test")}
    for name, file in files.items():
        rows = ROWS[:30] if name == "train" else ROWS[30:]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    own = Path(lm_eval.__file__).parent / "tasks/gsm8k/gsm8k.yaml"
    config: dict[str, Any] = {
        "include": str(own), "task": "gsm8k", "dataset_path": "json", "dataset_name": None,
        "dataset_kwargs": {"data_files": {name: str(file) for name, file in files.items()}},
        "fewshot_split": split,
    }  # fmt: skip
    (folder / "gsm8k.yaml").write_text(json.dumps(config))
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    task = manager.load(["gsm8k"])["tasks"]["gsm8k"]
    task.set_fewshot_seed(1234)
    with drawing(order):
        task.build_all_requests(samples=samples)
    return [instance.args[0] for instance in task.instances]


@pytest.mark.parametrize("split", ["train", "test"])
def test_documents_that_are_left_out_draw_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: str
) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    whole = prompts(tmp_path, None, None, split)
    assert len(set(whole)) == 10
    assert prompts(tmp_path, [7, 2], None, split) == [whole[2], whole[7]]
    # By itself lm-eval draws for the documents it asks alone; of these one may fall out later.
    chosen = prompts(tmp_path, [1, 2, 7], {"gsm8k": [1, 2, 7]}, split)
    assert chosen[0] != whole[1]
    assert prompts(tmp_path, [1, 7], {"gsm8k": [1, 2, 7]}, split) == [chosen[0], chosen[2]]
