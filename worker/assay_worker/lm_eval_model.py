"""lm-eval's vLLM backend without an engine: each of its requests is asked of `assay`.

Runs in the process of lm_eval_bridge.py. lm-eval's own code tokenises, truncates, sets sampling
parameters and cuts the answers; it runs twice over each request: first to see what it would send,
then, once the answers are there, to use them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from lm_eval.api.model import TemplateLM
from lm_eval.models.utils import configure_pad_token
from lm_eval.models.vllm_causallms import VLLM

Frame = dict[str, Any]
# Sampling parameters the protocol does not carry, and the value that means "not used".
PENALTIES = {"presence_penalty": 0.0, "frequency_penalty": 0.0, "repetition_penalty": 1.0}
IMPOSSIBLE = float("-inf")


@dataclass(frozen=True)
class Key:
    """One request of lm-eval, the same in each pass. `doc` counts within the task's samples."""

    task: str
    doc: int
    part: int  # lm-eval's idx: which of the document's requests
    repeat: int


class QueueVLLM(VLLM):
    def __init__(self, settings: Frame, tokenizer: Any, template: str,
                 ask: Callable[[dict[Key, Frame]], dict[Key, Frame]]) -> None:  # fmt: skip
        """`ask` sends all requests and returns the answers it got; what is missing was not run."""
        TemplateLM.__init__(self)
        arguments = dict(settings["template_args"])
        self.tokenizer = configure_pad_token(tokenizer)
        self.enable_thinking = arguments.pop("enable_thinking", None)
        self.chat_template_args = arguments
        self.hf_chat_template = template or None
        self.think_end_token = settings.get("think_end_token")
        self.truncation_side = "left"
        self.add_bos_token = None
        self.custom_prefix_token_id = None
        self.lora_request = None
        self.batch_size = "auto"
        self.data_parallel_size = 1
        self._max_length = settings["max_length"]
        self._max_gen_toks = 256  # lm-eval's default, for tasks that say nothing
        self.config = SimpleNamespace(_name_or_path=settings["model_name"])  # for results_*.json
        self.ask = ask
        self.all_docs: set[tuple[str, int]] = set()
        self.missing: set[tuple[str, int]] = set()
        self.instances: list[Any] = []
        self.windows = 0
        self.own_stops: list[str] = []  # of the request at hand, as its task gives them
        self.seen: Frame | None = None  # what lm-eval would send, while it is being found out
        self.answer: Frame | None = None  # what it gets, while it is used
        end = self.tokenizer.eos_token_id
        self.end_text = (self.tokenizer.decode(end) if end is not None else "") or (
            self.tokenizer.eos_token or ""
        )
        self.encode_once = lru_cache(maxsize=None)(self.encode_one)

    # ------------------------------------------------ the two passes
    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        run = super().generate_until

        def one_by_one(one: Any) -> str:
            until = one.args[1].get("until") or []
            self.own_stops = [until] if isinstance(until, str) else list(until)
            return run([one], disable_tqdm=True)[0]

        return self.through(requests, requests, one_by_one, "")

    def _loglikelihood_tokens(self, requests: list[Any], disable_tqdm: bool = False,
                              **_: Any) -> list[tuple[float, bool]]:  # fmt: skip
        run = super()._loglikelihood_tokens

        def one_by_one(one: Any) -> tuple[float, bool]:
            return run([one], disable_tqdm=True)[0]

        instances = self.instances if len(self.instances) == len(requests) else None
        return self.through(requests, instances, one_by_one, (IMPOSSIBLE, False))

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> Any:
        self.instances = requests
        return super().loglikelihood(requests, disable_tqdm=True)

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> Any:
        self.instances = []
        return super().loglikelihood_rolling(requests, disable_tqdm=True)

    def through(self, requests: list[Any], instances: list[Any] | None,
                one: Callable[[Any], Any], placeholder: Any) -> list[Any]:  # fmt: skip
        keys = keys_of(instances) if instances else self.nameless(len(requests))
        wanted: dict[Key, Frame] = {}
        texts = [i.args[0] for i in instances] if instances else [""] * len(requests)
        for key, request, text in zip(keys, requests, texts, strict=True):
            self.seen, self.answer = {"text": text}, None
            one(request)
            wanted[key] = self.seen
        self.seen = None
        self.all_docs |= {(key.task, key.doc) for key in keys}
        answers = self.ask(wanted)
        if not instances and len(answers) < len(wanted):
            raise ValueError("a rolling log-likelihood needs all answers, and some were not run")
        out = []
        for key, request in zip(keys, requests, strict=True):
            self.answer = answers.get(key)
            if self.answer is None:
                self.missing.add((key.task, key.doc))
            out.append(placeholder if self.answer is None else one(request))
        return out

    def nameless(self, count: int) -> list[Key]:
        """Keys for the windows of rolling log-likelihoods, which belong to no one request."""
        self.windows += count
        return [Key("", i, 0, 0) for i in range(self.windows - count, self.windows)]

    # ------------------------------------------------ in place of the engine
    def _model_generate(self, requests: list[list[int]], generate: bool = False,
                        sampling_params: Any = None) -> list[Any]:  # fmt: skip
        (tokens,) = requests
        if self.seen is not None:
            self.seen |= {"prompt_tokens": list(tokens)}
            if generate:
                wanted = sampling(sampling_params)
                # lm-eval adds the end-of-turn token's text to the task's stop strings, and sends it
                # alone for a model that thinks. The engine stops at that token by itself, and
                # without it the request is the native task's.
                if self.think_end_token or self.end_text not in self.own_stops:
                    wanted["stop"] = [s for s in wanted["stop"] if s != self.end_text]
                self.seen |= {"kind": "generate", "sampling": wanted}
            return [SimpleNamespace(outputs=[SimpleNamespace(text="")])]
        assert self.answer is not None
        text = self.text_of(self.answer) if generate else ""
        return [SimpleNamespace(outputs=[SimpleNamespace(text=text)])]

    def _parse_logprobs(self, tokens: list[int], outputs: Any, ctxlen: int) -> tuple[float, bool]:
        # A static method in lm-eval, always called through the instance.
        if self.seen is not None:
            scored = {"tokens": list(tokens), "continuation_start": ctxlen}
            self.seen |= {"kind": "loglikelihood", "prompt_tokens": list(tokens[:ctxlen])}
            self.seen |= {"scored": [scored]}
            return 0.0, False
        assert self.answer is not None
        (found,) = self.answer["loglikelihoods"]
        total = found["sum"]
        return (IMPOSSIBLE if total is None else total), found["is_greedy"]

    def text_of(self, answer: Frame) -> str:
        """lm-eval sees special tokens in the text; an answer of assay leaves them out."""
        if not set(answer["token_ids"]) & set(self.tokenizer.all_special_ids):
            return answer["text"]
        ends_at = answer["token_ids"][-1:] == [self.tokenizer.eos_token_id]
        tokens = answer["token_ids"][: -1 if ends_at else None]
        if not set(tokens) & set(self.tokenizer.all_special_ids):
            return answer["text"]
        return self.tokenizer.decode(tokens, skip_special_tokens=False)

    # ------------------------------------------------ tokenising, once for both passes
    def tok_encode(self, string: Any, add_special_tokens: bool | None = None, **kwargs: Any) -> Any:
        if isinstance(string, str) and not kwargs:
            return list(self.encode_once(string, add_special_tokens))
        if isinstance(string, (list, tuple)) and not kwargs:
            return [list(self.encode_once(s, add_special_tokens)) for s in string]
        return super().tok_encode(string, add_special_tokens, **kwargs)

    def encode_one(self, string: str, add_special_tokens: bool | None) -> list[int]:
        return super().tok_encode(string, add_special_tokens)


def keys_of(instances: Iterable[Any]) -> list[Key]:
    counts: dict[tuple[str, int, int], int] = {}
    keys = []
    for instance in instances:
        place = (instance.task_name, instance.doc_id, instance.idx)
        keys.append(Key(*place, counts.get(place, 0)))
        counts[place] = counts.get(place, 0) + 1
    return keys


def sampling(parameters: Any) -> Frame:
    """vLLM's SamplingParams to the protocol's `sampling`."""
    chosen = parameters[0] if isinstance(parameters, list) else parameters
    if getattr(chosen, "n", 1) != 1:
        raise ValueError("sampling parameter `n` is not carried by assay")
    out = {
        "max_tokens": chosen.max_tokens,
        "temperature": chosen.temperature,
        "top_p": chosen.top_p,
        "top_k": max(0, chosen.top_k),
        "min_p": chosen.min_p,
        "stop": list(chosen.stop or []),
    }
    for name, unused in PENALTIES.items():  # left out when off, as assay's own requests do
        if getattr(chosen, name, unused) != unused:
            out[name] = getattr(chosen, name)
    return out if chosen.seed is None else {**out, "seed": chosen.seed}
