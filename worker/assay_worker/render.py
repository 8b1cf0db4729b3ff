"""Messages to token ids, as docs/worker_protocol.md ("Rendering") says; no engine is imported."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from assay_worker.errors import WorkerError, describe
from assay_worker.model_folder import check_for_tokenizer, max_model_len, read_json

# Classes that take tokenizer.json as it is. AutoTokenizer would choose the same, but importing it
# pulls in all of transformers' generation code (about 5 s).
PLAIN_CLASSES = ("TokenizersBackend", "PreTrainedTokenizerFast")


class Renderer:
    def __init__(self, folder: Path, apply_template: bool, template_args: dict[str, Any]) -> None:
        config = check_for_tokenizer(folder)
        self.folder = folder
        self.apply_template = apply_template
        self.template_args = template_args
        self.tokenizer = load_tokenizer(folder)
        self.template = chat_template(self.tokenizer)
        self.own_max_model_len = max_model_len(config)
        if apply_template and not self.template:
            raise WorkerError(
                f"model {folder} has no chat template",
                "neither tokenizer_config.json nor chat_template.jinja gives one",
                "turn the template off in the plan (chat: {apply_template: false})",
            )

    def facts(self) -> dict[str, Any]:
        return {
            "tokenizer_hash": tokenizer_hash(self.tokenizer),
            "template_hash": sha256(self.template) if self.template else "",
            "max_model_len": self.own_max_model_len,
            "vocab_size": len(self.tokenizer),
            "ignored_args": self.ignored_args(),
        }

    def ignored_args(self) -> list[str]:
        """Switches of the template that make no difference: it has no such variable."""
        switches = [name for name, value in self.template_args.items() if isinstance(value, bool)]
        return [name for name in switches if self.apply_template and self.ignores(name)]

    def ignores(self, name: str) -> bool:
        probe = [{"role": "user", "content": "?"}]
        try:
            given = self.apply(probe)
            other = self.apply(probe, **{name: not self.template_args[name]})
        except Exception:  # what is wrong with the template, render() says
            return False
        return given == other

    def render(self, request: dict[str, Any]) -> dict[str, Any]:
        text = self.text(request)
        if request.get("kind") != "loglikelihood":
            return {"text": text, "prompt_tokens": self.encode(text), "scored": []}
        context = text.rstrip()
        moved = text[len(context) :]
        tokens = self.encode(context)
        scored = [self.scored(text, context, tokens, moved + c) for c in request["continuations"]]
        if not text:
            tokens = [self.prefix_token()]
        return {"text": text, "prompt_tokens": tokens, "scored": scored}

    def scored(self, text: str, context: str, tokens: list[int], rest: str) -> dict[str, Any]:
        if text:
            return {"tokens": self.encode(context + rest), "continuation_start": len(tokens)}
        # Nothing to condition on: the model's first token stands in, as in lm-eval.
        encoded = self.tokenizer(rest, add_special_tokens=False).input_ids
        prefix = [] if encoded[:1] == [self.prefix_token()] else [self.prefix_token()]
        return {"tokens": prefix + encoded, "continuation_start": 1}

    def text(self, request: dict[str, Any]) -> str:
        if not self.apply_template:
            return request.get("plain", "")
        messages = [{"role": m["role"], "content": m["content"]} for m in request["messages"]]
        return self.apply(messages) + request.get("assistant_prefix", "")

    def apply(self, messages: list[dict[str, str]], **other: Any) -> str:
        from jinja2 import TemplateError

        def through(chosen: list[dict[str, str]]) -> str:
            return self.tokenizer.apply_chat_template(
                chosen,
                chat_template=self.template,
                tokenize=False,
                add_generation_prompt=True,
                **{**self.template_args, **other},
            )

        try:
            return through(messages)
        except TemplateError as error:
            # Some templates refuse a system message; lm-eval then leaves it out.
            without = [m for m in messages if m["role"] != "system"]
            if len(without) == len(messages):
                raise WorkerError(
                    "the chat template refused the messages",
                    describe(error),
                    "check chat.template_args in the plan against the model's template",
                ) from error
            return through(without)

    def encode(self, text: str) -> list[int]:
        if not text:
            return []
        special = not self.apply_template and not self.starts_with_bos(text)
        return self.tokenizer(text, add_special_tokens=special).input_ids

    def starts_with_bos(self, text: str) -> bool:
        bos = self.tokenizer.decode([self.prefix_token()])
        return bool(bos) and text.startswith(bos)

    def prefix_token(self) -> int:
        bos, eos = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        return bos if bos is not None else eos


def load_tokenizer(folder: Path) -> Any:
    try:
        if uses_plain_class(folder):
            from transformers.tokenization_utils_tokenizers import TokenizersBackend

            return TokenizersBackend.from_pretrained(str(folder), local_files_only=True)
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except ImportError as error:
        raise WorkerError(
            "cannot render prompts",
            describe(error),
            "install transformers in the worker's environment (it comes with vllm)",
        ) from error
    except Exception as error:
        raise WorkerError(
            f"cannot load the tokenizer in {folder}",
            describe(error),
            "check the tokenizer files against the model's original folder",
        ) from error


def uses_plain_class(folder: Path) -> bool:
    if not all((folder / name).is_file() for name in ("tokenizer_config.json", "tokenizer.json")):
        return False
    config = read_json(folder, "tokenizer_config.json")
    if config.get("tokenizer_class") not in PLAIN_CLASSES or "auto_map" in config:
        return False
    from importlib.util import find_spec

    return find_spec("transformers.tokenization_utils_tokenizers") is not None


def chat_template(tokenizer: Any) -> str:
    if not getattr(tokenizer, "chat_template", None):
        return ""
    return tokenizer.get_chat_template()


def tokenizer_hash(tokenizer: Any) -> str:
    """Of the tokenizer as loaded: files that differ in layout alone give the same."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    rules = backend.to_str() if backend is not None else repr(sorted(tokenizer.get_vocab().items()))
    ends = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)
    return sha256(f"{rules}\n{ends}")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()
