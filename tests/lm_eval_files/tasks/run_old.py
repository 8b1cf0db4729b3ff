"""Runs lm-eval before 0.4.5: its dummy model cannot generate, and 0.4.0 loads a metric from afar.

Both are mended in memory; what is written, and how, is lm-eval's own.
"""

import runpy
import sys
from types import SimpleNamespace

import evaluate

sys.modules["vllm"] = None  # 0.4.0 would load it, whichever it is
evaluate.load = lambda name: SimpleNamespace(compute=None, name=name)

from lm_eval.models.dummy import DummyLM  # noqa: E402


def generate_until(self, requests, disable_tqdm=False):
    return ["lol" for _ in requests]


DummyLM.generate_until = generate_until
sys.argv[0] = "lm_eval"
runpy.run_module("lm_eval", run_name="__main__")
