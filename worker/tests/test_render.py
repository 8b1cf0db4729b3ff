"""What a chat template does with the plan's settings; a tokenizer of a few lines stands in."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import TemplateError

from assay_worker.render import Renderer

Messages = list[dict[str, str]]


class Tokenizer:
    """Renders by a function in place of a template."""

    def __init__(self, template: Any) -> None:
        self.template = template

    def apply_chat_template(self, messages: Messages, **given: Any) -> str:
        for ours in ("chat_template", "tokenize", "add_generation_prompt"):
            given.pop(ours)
        return self.template(messages, **given)


def renderer(template: Any, **args: Any) -> Renderer:
    made = object.__new__(Renderer)
    made.tokenizer, made.template, made.template_args = Tokenizer(template), "t", args
    made.apply_template = True
    return made


def plain(messages: Messages, **_: Any) -> str:
    return "".join(m["content"] for m in messages)


def thinking(messages: Messages, enable_thinking: bool = True, **_: Any) -> str:
    return plain(messages) + ("" if enable_thinking else "<think></think>")


def refusing(messages: Messages, **_: Any) -> str:
    raise TemplateError("no")


@pytest.mark.parametrize("value", [True, False])
def test_a_switch_without_effect_is_named(value: bool) -> None:
    assert renderer(plain, enable_thinking=value).ignored_args() == ["enable_thinking"]
    assert renderer(thinking, enable_thinking=value).ignored_args() == []


def test_what_cannot_be_told_is_not_named() -> None:
    assert renderer(plain, reasoning_effort="low").ignored_args() == []  # may be the default
    assert renderer(plain).ignored_args() == []
    assert renderer(refusing, enable_thinking=True).ignored_args() == []
