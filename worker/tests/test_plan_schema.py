"""docs/plan.schema.json takes every plan of the repository and marks what the reader refuses.

That the file is what `assay schema` prints is checked in src/cli/schema_test.cc.
"""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, as plans have it: `on` and `no` are text."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)


def schema() -> dict[str, Any]:
    return json.loads((ROOT / "docs/plan.schema.json").read_text())


def mistakes(plan: Any) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(schema()).iter_errors(plan)]


def plan_files() -> list[Path]:
    return sorted((ROOT / "plans").glob("*.yaml"))


SMALL = {
    "name": "p",
    "budget": "1h30m",
    "canary": "on",
    "variants": [{"name": "a", "model": "o/a", "baseline": True}],
    "tasks": [{"name": "math500", "limit": 5, "max_gen_toks": 64, "ids": ["60", 61]}],
}


def changed(path: str, value: Any) -> Any:
    plan = copy.deepcopy(SMALL)
    node: Any = plan
    *way, last = path.split(".")
    for step in way:
        node = node[int(step)] if step.isdigit() else node.setdefault(step, {})
    node[int(last) if last.isdigit() else last] = value
    return plan


def test_is_a_schema():
    jsonschema.Draft7Validator.check_schema(schema())


def test_every_plan_of_the_repository_names_it_and_keeps_to_it():
    assert len(plan_files()) >= 5
    for file in plan_files():
        text = file.read_text()
        assert text.startswith("# yaml-language-server: $schema=../docs/plan.schema.json\n"), file
        assert mistakes(yaml.load(text, Core)) == [], file


def test_the_documentations_examples_keep_to_it():
    for page in ("plan.md", "configurations.md"):
        text = (ROOT / "docs" / page).read_text()
        example = re.search(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        assert example is not None
        assert mistakes(yaml.load(example[1], Core)) == [], page


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("nonsense", 1, "'nonsense' was unexpected"),
        ("budget", 3, "3 is not of type 'string'"),
        ("budget", "3 h", "does not match"),
        ("budget", "", "does not match"),
        ("until", "decide", "is not one of"),
        ("canary", True, "True is not one of ['on', 'off']"),
        ("compare.margin_pp", 0, "0 is less than the minimum of 0.1"),
        ("sampling.temperature", "0.6", "is not of type 'number'"),
        ("env.A", 1, "1 is not of type 'string'"),
        ("tasks.0.limit", 0.1, "0.1 is not of type 'integer'"),
        ("tasks.0.max_tokens", 5, "'max_tokens' was unexpected"),
        ("tasks.0", "math500", "'math500' is not of type 'object'"),
        ("tasks", [], "[] "),
        ("variants.0.require", "w2a2", "is not one of"),
        ("engine.max_model_len", 0, "0 is less than the minimum of 1"),
        ("engine.model", "o/m", "should not be valid"),
        ("engine", {"kind": "openai", "tensor_parallel_size": 2}, "is not one of"),
    ],
)
def test_marks_mistakes(path: str, value: Any, words: str):
    found = mistakes(changed(path, value))
    assert found, path
    assert any(words in message for message in found), found


def test_takes_what_the_reader_takes():
    assert mistakes(SMALL) == []
    for path, value in (
        ("engine", {"some_new_argument": {"a": [1]}}),
        ("engine", {"kind": "openai", "base_url": "http://h/v1", "leave_out": ["seed"]}),
        ("name", 7),
        ("tasks.0.name", "lm_eval/ifeval"),
        ("seed", 2**63),
        ("tasks.0.repeats", "auto"),
    ):
        assert mistakes(changed(path, value)) == [], (path, value)
