"""A bad model folder is told before anything heavy is imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay_worker.errors import WorkerError
from assay_worker.model_folder import check_for_tokenizer, check_for_weights, max_model_len


def test_each_thing_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="no model folder"):
        check_for_tokenizer(tmp_path / "nothing")
    with pytest.raises(WorkerError, match=r"no config\.json"):
        check_for_tokenizer(tmp_path)
    (tmp_path / "config.json").write_text("{half")
    with pytest.raises(WorkerError, match="cannot read"):
        check_for_tokenizer(tmp_path)
    (tmp_path / "config.json").write_text('{"max_position_embeddings": 77}')
    with pytest.raises(WorkerError, match="no tokenizer"):
        check_for_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    assert max_model_len(check_for_tokenizer(tmp_path)) == 77
    with pytest.raises(WorkerError, match="no weights"):
        check_for_weights(tmp_path, "auto")
    check_for_weights(tmp_path, "dummy")


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    shards = {"a": "m-1.safetensors", "b": "m-2.safetensors"}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    (tmp_path / "m-1.safetensors").write_text("")
    with pytest.raises(WorkerError, match=r"1 of 2 weight files are missing, first m-2"):
        check_for_weights(tmp_path, "auto")
    (tmp_path / "m-2.safetensors").write_text("")
    check_for_weights(tmp_path, "auto")


def test_the_length_may_lie_with_the_text_part() -> None:
    assert max_model_len({"text_config": {"max_position_embeddings": 5}}) == 5
    assert max_model_len({}) == 0
