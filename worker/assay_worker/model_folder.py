"""What a model folder must hold, checked before anything heavy is imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay_worker.errors import WorkerError

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tekken.json")
WEIGHT_PATTERNS = ("*.safetensors", "*.bin", "*.pt", "*.gguf")
# Where configurations keep the longest sequence the model was made for; the first one found wins.
LENGTH_KEYS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx")


def check_for_tokenizer(folder: Path) -> dict[str, Any]:
    """The parsed config.json of a folder that has what `open` needs."""
    if not folder.is_dir():
        raise WorkerError(
            f"no model folder {folder}",
            "it does not exist" if not folder.exists() else "it is a file",
            "give the folder that holds config.json, or fetch the model first",
        )
    config = read_json(folder, "config.json")
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise WorkerError(
            f"model folder {folder} has no tokenizer",
            f"none of {', '.join(TOKENIZER_FILES)} is in it",
            "copy the tokenizer files of the original model into the folder",
        )
    return config


def check_for_weights(folder: Path, load_format: str) -> None:
    if load_format == "dummy":
        return
    if not any(any(folder.glob(pattern)) for pattern in WEIGHT_PATTERNS):
        raise WorkerError(
            f"model folder {folder} has no weights",
            f"no file matches {', '.join(WEIGHT_PATTERNS)}",
            "fetch the whole model, not its configuration alone",
        )
    for index in folder.glob("*.safetensors.index.json"):
        wanted = set(read_json(folder, index.name).get("weight_map", {}).values())
        missing = sorted(name for name in wanted if not (folder / name).is_file())
        if missing:
            raise WorkerError(
                f"model folder {folder} is incomplete",
                f"{len(missing)} of {len(wanted)} weight files are missing, first {missing[0]}",
                "fetch the model again; a broken download is the usual cause",
            )


def read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WorkerError(
            f"model folder {folder} has no {name}",
            "a Hugging Face checkpoint folder has one",
            "give the folder that holds it, or fetch the model again",
        ) from None
    except (OSError, ValueError) as error:
        raise WorkerError(
            f"cannot read {folder / name}", str(error), "fetch the model again"
        ) from error
    if not isinstance(value, dict):
        raise WorkerError(f"cannot use {folder / name}", "it is no JSON object", "fetch it again")
    return value


def max_model_len(config: dict[str, Any]) -> int:
    """The model's own length, 0 when the configuration does not say. vLLM may allow another one."""
    for part in (config, config.get("text_config") or {}):
        for key in LENGTH_KEYS:
            if isinstance(part.get(key), int):
                return part[key]
    return 0
