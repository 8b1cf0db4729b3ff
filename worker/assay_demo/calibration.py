"""Finds the largest activation magnitude that reaches each linear layer.

NVFP4 fixes the activations' global scale when the checkpoint is made; block scales adapt at run
time. Activations beyond the calibrated peak saturate, so the texts cover what the demo asks:
chat, sums, multiple choice, code.
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

TEXTS = (
    "What is the capital of France? Answer in one word.",
    "Write one sentence about the sea at night.",
    "A baker sells 12 loaves in the morning and 17 in the afternoon. How many loaves in all?",
    "Solve 3x + 5 = 20 for x. Put the answer in a box: $\\boxed{x}$.",
    "Let $f(x) = x^2 - 4x + 7$. Find the least value of $f$ over the real numbers.",
    "Which planet is largest?\nA. Mars\nB. Venus\nC. Jupiter\nD. Mercury\nAnswer with a letter.",
    "Which of these is an acid? (A) HCl (B) NaOH (C) NaCl (D) H2O. Let's think step by step.",
    "Write a Python function that returns the sum of the even numbers in a list.",
    "Read an integer n from standard input and print n lines: 1, 2, ..., n.",
    "```python\nimport numpy as np\n\ndef norm(v):\n    return np.sqrt(v @ v)\n```\nExplain.",
    "Translate to German: The train leaves at half past seven and I have not packed yet.",
    "Why does ice float on water? Give the reason in terms of density and hydrogen bonds.",
)


def activation_peaks(model_dir: Path) -> dict[str, float]:
    """Runs TEXTS as chat prompts; returns module name (`model.layers.0.mlp.up_proj`) -> peak."""
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    model = AutoModelForCausalLM.from_pretrained(model_dir, dtype=torch.float32)
    peaks: dict[str, float] = {}

    def watch(name: str):
        def hook(_module, inputs, _output):
            peaks[name] = max(peaks.get(name, 0.0), inputs[0].abs().max().item())

        return hook

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and name != "lm_head":
            module.register_forward_hook(watch(name))
    with torch.inference_mode():
        for text in TEXTS:
            prompt = tokenizer.apply_chat_template(
                [{"role": "user", "content": text}],
                add_generation_prompt=True,
                return_tensors="pt",
                return_dict=True,
            )
            model(**prompt)
    return peaks
