"""Which of lm-eval's task files a run needs, and overrides that read the plan's local rows."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assay_worker.errors import WorkerError

# Columns lm-eval's prompts and scorers read, for the tasks whose rows assay also reads itself.
GPQA = ("Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2")
COLUMNS = {
    "aime24": ("Problem", "Answer"),
    "hendrycks_math500": ("problem", "solution"),
    "gpqa_diamond_zeroshot": GPQA,
    "mmlu_pro": ("question", "options", "answer", "category", "cot_content"),
}


def task_folders(root: Path, names: Iterable[str]) -> list[Path]:
    """Folders below `root` that define the names; [root] when one is not found as text.

    lm-eval's own index parses each of its 14,000 files, which takes 10 s or more.
    """
    missing = set(names)
    folders: set[Path] = set()
    pattern = re.compile(r"^(?:task|group):\s*[\"']?([\w./-]+)[\"']?\s*$", re.MULTILINE)
    for folder, _, files in os.walk(root):
        for name in files:
            if not name.endswith(".yaml"):
                continue
            path = Path(folder, name)
            found = set(pattern.findall(path.read_text(encoding="utf-8", errors="replace")))
            if found & missing:
                folders.add(path.parent)
                missing -= found
        if not missing:
            return sorted(folders)
    return [root]


def own_folders(names: list[str]) -> list[Path]:
    """lm-eval's own folders that the names need."""
    import lm_eval.tasks

    return task_folders(Path(lm_eval.tasks.__file__).parent, names)


def make_manager(folders: list[Path]) -> Any:
    """A TaskManager that knows the tasks in these folders; later ones win."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=folders, include_defaults=False)


def leaves(manager: Any, name: str) -> list[str]:
    """The tasks behind a task, group or tag."""
    entry = manager.task_index.get(name)
    if entry is None:
        raise WorkerError(
            f"lm-eval has no task `{name}`",
            "neither its own task files nor include_path define it",
            "see `lm_eval ls tasks` for the names",
        )
    kind = entry.kind.name
    if kind in ("TASK", "PY_TASK"):
        return [name]
    children = entry.tags if kind == "TAG" else entry.cfg.get("task", [])
    names = [c if isinstance(c, str) else c.get("task") or c.get("group") for c in children]
    return [leaf for child in sorted(names) for leaf in leaves(manager, child)]


def write_overrides(manager: Any, data: dict[str, Any], into: Path) -> None:
    """For each task in `data` a task file that includes lm-eval's own and reads local rows.

    A value is a JSON Lines file for the split that is scored, or {split: file}.
    """
    into.mkdir(parents=True, exist_ok=True)
    for name, value in data.items():
        check_columns(name, value)
        for leaf in leaves(manager, name):
            entry = manager.task_index[leaf]
            files = value if isinstance(value, dict) else {scored_split(entry.cfg): value}
            content = {
                "include": str(entry.yaml_path),
                "task": leaf,
                "dataset_path": "json",
                "dataset_name": None,
                "dataset_kwargs": {"data_files": files},
            }
            (into / f"{leaf}.yaml").write_text(json.dumps(content), encoding="utf-8")


def scored_split(config: dict[str, Any]) -> str:
    for key in ("test_split", "validation_split", "training_split"):
        if config.get(key):
            return config[key]
    return "test"


def check_columns(name: str, value: str | dict[str, str]) -> None:
    wanted = COLUMNS.get("mmlu_pro" if name.startswith("mmlu_pro") else name, ())
    for path in value.values() if isinstance(value, dict) else [value]:
        try:
            with open(path, encoding="utf-8") as file:
                row = json.loads(file.readline())
            missing = [column for column in wanted if column not in row]
        except (OSError, ValueError) as error:
            raise WorkerError(
                f"cannot read the rows of {name}", str(error), "give a JSON Lines file"
            ) from error
        if missing:
            raise WorkerError(
                f"rows of {name} lack {', '.join(missing)}",
                f"lm-eval's task reads these columns; {path} has {', '.join(row)}",
                "write the rows in the layout of the data set on the hub",
            )


def with_rows(manager: Any, names: list[str], data: dict[str, Any]) -> dict[str, list[int]]:
    """The tasks behind the names that have a document (as `reduced` takes them): MMLU-Pro's
    subjects share one file of rows, and lm-eval fails on a subject that has none there."""
    kept = {leaf: [0] for name in names for leaf in leaves(manager, name)}
    value = data.get("mmlu_pro")
    if value is None:
        return kept
    with open(value["test"] if isinstance(value, dict) else value, encoding="utf-8") as rows:
        subjects = {json.loads(row)["category"] for row in rows if row.strip()}
    present = {"mmlu_pro_" + subject.replace(" ", "_") for subject in subjects}
    empty = set(leaves(manager, "mmlu_pro")) - present
    return {leaf: docs for leaf, docs in kept.items() if leaf not in empty}


def reduced(manager: Any, names: list[str], samples: dict[str, list[int]], into: Path) -> list[str]:
    """The tasks to ask lm-eval for, so that it runs no document that `samples` does not list.

    lm-eval runs all documents of a task that `samples` lacks, so such tasks must go, also from
    within groups: of a group that loses some, a smaller one of the same name is written.
    """
    out: list[str] = []
    for name in names:
        inside = leaves(manager, name)
        kept = [leaf for leaf in inside if samples.get(leaf)]
        entry = manager.task_index[name]
        if entry.kind.name != "GROUP" or len(kept) == len(inside):
            out += [name] if len(kept) == len(inside) else kept
        elif kept:
            out.append(name)
            content = json.dumps({**entry.cfg, "group": name, "task": kept})
            (into / f"{name}.yaml").write_text(content, encoding="utf-8")
    return out
