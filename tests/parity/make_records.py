"""Writes what lm-eval 0.4.13 asks and scores on the rows in data/, for prompts_test.cc.

Usage: python tests/parity/make_records.py OUT.jsonl [TOKENIZER_FOLDER]
       (a Python with lm-eval, datasets and vllm)

lm-eval is used as a library on local files: no network, no model. Each record holds one document
under one way of asking (plain, chat, chat with the exemplars in one turn): the prompt or the
messages before the template, the generation arguments, the target, and lm-eval's own score of a
few made outputs under each of the task's filters. With a tokenizer, also the prompt that lm-eval's
vLLM backend makes of the messages with that tokenizer's chat template (`rendered`).
"""

import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

DATA = Path(__file__).resolve().parent.parent.parent / "data"
SUBJECTS = ["biology", "math"]  # of our MMLU-Pro rows
STYLES = [(False, True), (True, True), (True, False)]  # apply_chat_template, fewshot_as_multiturn

# {a}: the right answer; {b}: a wrong one.
OUTPUTS = [
    "{a}",
    "${a}$",
    "The answer is ${a}$.",
    "So \\boxed{{{a}}}.",
    "It is $\\boxed{{{a}}}$, not ${b}$.",
    "the answer is ({a}).",
    "The answer is ({b}). No, the answer is ({a}).",
    "Answer: {a}",
    "<think>the answer is ({b})</think>\n\nThe answer is ({a}).",
    "The answer is ({a}).\n\nQuestion: and \\boxed{{{b}}}",
    "${a}$\n\nProblem: ${b}$",
    "{b}",
    "",
    "#### {a}",
    "It is {b}.\n#### ${a}.",
    "#### {b}, no: #### -{a}, or -{b}",
    "{b} - 1 = {a}.",
    "$ {a} .",
]


def task_files(folder: Path) -> list[str]:
    """YAML files that include lm-eval's own and change only where the rows come from."""
    import lm_eval

    own = Path(lm_eval.__file__).resolve().parent / "tasks"
    pro = {"test": "mmlu_pro/test.jsonl", "validation": "mmlu_pro/validation.jsonl"}
    tasks: dict[str, tuple[str, str, dict[str, str]]] = {
        "aime24": ("aime/aime24.yaml", "json", {"train": "aime24/aime_2024_problems.jsonl"}),
        "hendrycks_math500": (
            "hendrycks_math/hendrycks_math500.yaml",
            "json",
            {"test": "math500/test.jsonl"},
        ),
        "gpqa_diamond_zeroshot": (
            "gpqa/zeroshot/gpqa_diamond_zeroshot.yaml",
            "csv",
            {"train": "gpqa_diamond/gpqa_diamond.csv"},
        ),
        "gsm8k": (
            "gsm8k/gsm8k.yaml",
            "json",
            {"test": "gsm8k/test.jsonl", "train": "gsm8k/train.jsonl"},
        ),
    }
    for subject in SUBJECTS:
        name = f"mmlu_pro_{subject}"
        tasks[name] = (f"mmlu_pro/{name}.yaml", "json", pro)
    for name, (include, kind, files) in tasks.items():
        lines = [f"include: {own / include}", f"task: {name}", f"dataset_path: {kind}"]
        lines += ["dataset_name: null", "dataset_kwargs:", "  data_files:"]
        lines += [f"    {split}: {DATA / file}" for split, file in files.items()]
        (folder / f"{name}.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    return list(tasks)


def lm_eval_scores(task: Any, instance: Any, output: str) -> dict[str, float | None]:
    """exact_match of one output under each filter; None where lm-eval raises."""
    from lm_eval.models.utils import postprocess_generated_text

    text = postprocess_generated_text(output, list(task.config.generation_kwargs["until"]), None)
    instance.resps, instance.filtered_resps = [text], {}
    task._instances = [instance]
    task.apply_filters()
    scores: dict[str, float | None] = {}
    for name, filtered in instance.filtered_resps.items():
        try:
            scores[name] = float(task.process_results(instance.doc, [filtered])["exact_match"])
        except (AssertionError, IndexError, TypeError):
            scores[name] = None
    return scores


def scored_outputs(task: Any, instances: list[Any], target: str) -> list[dict[str, Any]]:
    right = target.rsplit("#### ", 1)[-1]  # GSM8K's target is the whole solution
    wrong = "J" if right.isalpha() else "999"
    texts = [form.format(a=right, b=wrong) for form in OUTPUTS]
    return [{"output": t, "exact_match": lm_eval_scores(task, instances[0], t)} for t in texts]


Render = Callable[[list[dict[str, str]]], str]


def renderer(folder: str) -> Render:
    """lm-eval's own template call, with a tokenizer in place of its whole backend."""
    from lm_eval.models.vllm_causallms import VLLM
    from transformers import AutoTokenizer

    backend = SimpleNamespace(
        tokenizer=AutoTokenizer.from_pretrained(folder, local_files_only=True),
        hf_chat_template=None,
        enable_thinking=None,
        chat_template_args={},
    )
    return lambda messages: VLLM.apply_chat_template(backend, messages)


def records(task_folder: Path, names: list[str], render: Render | None) -> Iterator[dict[str, Any]]:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(task_folder), include_defaults=False)
    for name in names:
        random.seed(0)  # lm-eval's default --seed; GPQA shuffles its options while loading
        task = manager.load([name])["tasks"][name]
        for chat, multiturn in STYLES:
            task.set_fewshot_seed(1234)  # lm-eval's default: exemplars are drawn as asked
            task.build_all_requests(
                apply_chat_template=chat,
                fewshot_as_multiturn=multiturn,
                chat_template=lambda messages, **_: json.dumps(messages),
                tokenizer_name="none",
                cache_requests=False,
            )
            by_document: dict[int, list[Any]] = {}
            for instance in task.instances:
                by_document.setdefault(instance.doc_id, []).append(instance)
            for index, instances in sorted(by_document.items()):
                yield record(task, name, index, instances, chat, multiturn, render)


def record(
    task: Any,
    name: str,
    index: int,
    instances: list[Any],
    chat: bool,
    multiturn: bool,
    render: Render | None,
) -> dict[str, Any]:
    document = instances[0].doc
    target = str(task.doc_to_target(document))
    prompt = instances[0].args[0]
    out: dict[str, Any] = {
        "task": name,
        "doc_index": index,
        "tokenizer": "none",
        "apply_chat_template": chat,
        "enable_thinking": None,
        "fewshot_as_multiturn": multiturn,
        "row": document,
    }
    if chat:
        out["messages"] = json.loads(prompt)
        if render is not None:
            out["rendered"] = render(out["messages"])
    if name.startswith("gpqa"):
        choices = task.doc_to_choice(document)
        out["target"] = document["answer"]
        out["choice_order"] = [document[f"choice{i}"] for i in (1, 2, 3, 4)]
        out["pairs"] = [{"context": i.args[0], "continuation": i.args[1]} for i in instances]
        out["likelihoods"] = []
        for best in range(len(choices)):
            sums = [-2.0 - i if i != best else -1.0 for i in range(len(choices))]
            scores = task.process_results(document, [(value, False) for value in sums])
            out["likelihoods"].append({"sums": sums, "acc": float(scores["acc"])})
        return out
    out["target"] = target
    out["prompt"] = prompt
    out["generation_kwargs"] = dict(instances[0].args[1])
    out["scored"] = scored_outputs(task, instances, target)
    return out


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    if version("lm_eval") != "0.4.13":
        print(f"lm-eval is {version('lm_eval')}, the tasks follow 0.4.13", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        # A cache of its own: lm-eval's option order would else survive from an earlier run.
        os.environ["HF_DATASETS_CACHE"] = str(Path(scratch) / "cache")
        os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
        folder = Path(scratch) / "tasks"
        folder.mkdir()
        names = task_files(folder)
        render = renderer(sys.argv[2]) if len(sys.argv) == 3 else None
        lines = [json.dumps(one, ensure_ascii=False) for one in records(folder, names, render)]
    Path(sys.argv[1]).write_text("".join(line + "\n" for line in lines), "utf-8")
    print(f"{len(lines)} records of {len(names)} tasks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
