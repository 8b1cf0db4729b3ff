"""lm-eval's own evaluation in a process of its own, below the worker.

    python -m assay_worker.lm_eval_bridge --in-fd N --out-fd M

A process, because lm-eval seeds every random generator, its scorers set alarms that only a main
thread may set, and its Python would hold up the engine's. It reads one `lm_eval` frame, asks with
`need`, is told with `have`, and ends after `lm_eval_done` or `error`. The worker passes these on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from assay_worker.errors import WorkerError, describe
from assay_worker.frames import FrameReader, FrameWriter

Frame = dict[str, Any]
GREEDY = {"max_tokens": 1, "temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "stop": []}


class Bridge:
    def __init__(self, reader: FrameReader, writer: FrameWriter, settings: Frame) -> None:
        self.reader, self.writer, self.settings = reader, writer, settings
        self.answers: dict[Any, Frame] = {}
        self.samples: dict[str, list[int]] | None = None
        if settings.get("samples"):
            # lm-eval takes documents in the data set's order, whatever the order given.
            self.samples = {t: sorted(set(docs)) for t, docs in settings["samples"].items()}
        # The documents that draw exemplars; None: all, asked or not.
        self.drawing = None if settings.get("draw_all") else self.samples
        self.dropped: dict[str, dict[str, list[int]]] = {"not_run": {}, "failed": {}}

    # ------------------------------------------------ asking
    def ask(self, wanted: dict[Any, Frame]) -> dict[Any, Frame]:
        """Asks for what is not known yet; returns what was answered."""
        waiting = {}
        for key, request in wanted.items():
            if key in self.answers:
                continue
            number = len(self.answers) + len(waiting) + 1
            waiting[number] = key
            self.writer.write({
                "type": "need", "need": number, "scored": [], "sampling": GREEDY, **request,
                "task": key.task, "doc": self.true_doc(key.task, key.doc), "repeat": key.repeat,
            })  # fmt: skip
        if waiting:
            self.progress(f"lm-eval asks for {len(waiting)} answers")
        while waiting:
            frame = self.reader.read()
            if frame is None:
                os._exit(0)
            if frame["type"] == "have":
                self.answers[waiting.pop(frame["need"])] = outcome(frame)
        return {key: r for key in wanted if (r := self.answers[key])["status"] == "answered"}

    def true_doc(self, task: str, doc: int) -> int:
        return self.samples[task][doc] if self.samples and task in self.samples else doc

    def progress(self, text: str) -> None:
        self.writer.write({"type": "progress", "text": text})

    # ------------------------------------------------ running
    def run(self, scratch: Path) -> Frame:
        from assay_worker.lm_eval_model import QueueVLLM
        from assay_worker.lm_eval_tasks import (
            leaves,
            make_manager,
            own_folders,
            reduced,
            with_rows,
            write_overrides,
        )
        from assay_worker.render import chat_template, load_tokenizer

        settings, names = self.settings, list(self.settings["tasks"])
        folders = own_folders(names)
        if settings.get("include_path"):
            folders.append(Path(settings["include_path"]))
        manager = make_manager(folders)
        if settings.get("data"):
            folders.append(scratch / "tasks")
            write_overrides(manager, settings["data"], folders[-1])
            manager = make_manager(folders)
        known = {leaf for name in names for leaf in leaves(manager, name)}
        if self.samples is not None and (strange := sorted(set(self.samples) - known)):
            raise WorkerError(
                f"`samples` names `{strange[0]}`, which none of the tasks holds",
                f"the tasks are {', '.join(sorted(known)[:10])}",
                "give document indices for lm-eval's single tasks, not for groups",
            )
        tokenizer = load_tokenizer(Path(settings["model"]))
        while True:
            groups = Path(tempfile.mkdtemp(prefix="groups-", dir=scratch))
            wanted = with_rows(manager, names, settings.get("data") or {})
            if self.samples is not None:
                wanted = self.samples
            tasks = reduced(manager, names, wanted, groups)
            manager = make_manager([*folders, groups])
            if not tasks:
                raise WorkerError(
                    "lm-eval has nothing to score",
                    "no document was answered in full",
                    "raise the budget, or see why the requests failed",
                )
            self.answers = rekeyed(self.answers)
            lm = QueueVLLM(settings, tokenizer, chat_template(tokenizer), self.ask)
            try:
                results, tracker = self.evaluate(lm, tasks, manager)
            except Exception:
                if not lm.missing:
                    raise
                traceback.print_exc()  # a scorer choked on an answer that is not there
            if not lm.missing:
                return self.done(results, tracker)
            self.drop(lm)

    def evaluate(self, lm: Any, tasks: list[Any], manager: Any) -> tuple[Frame, Any]:
        from lm_eval import simple_evaluate
        from lm_eval.loggers import EvaluationTracker
        from lm_eval.utils import simple_parse_args_string

        from assay_worker.lm_eval_draws import drawing

        settings = self.settings
        tracker = EvaluationTracker(output_path=settings["output"])
        chosen = settings.get("gen_kwargs") or {}
        if isinstance(chosen, str):
            chosen = simple_parse_args_string(chosen)
        chosen = {**settings.get("sampling", {}), **chosen}
        if settings.get("max_gen_toks"):
            chosen = {"max_gen_toks": settings["max_gen_toks"], **chosen}
        with drawing(self.drawing):
            results = simple_evaluate(
                model=lm,
                model_args={"pretrained": settings["model_name"]},
                tasks=tasks,
                num_fewshot=settings.get("num_fewshot"),
                batch_size="auto",
                limit=settings.get("limit") if self.samples is None else None,
                samples=self.samples,
                evaluation_tracker=tracker,
                system_instruction=settings.get("system_instruction"),
                apply_chat_template=bool(settings["apply_chat_template"]),
                fewshot_as_multiturn=settings.get("fewshot_as_multiturn", True),
                gen_kwargs=chosen or None,
                task_manager=manager,
                **seeds(settings.get("seed")),
            )
        return results, tracker

    def drop(self, lm: Any) -> None:
        """Leaves out the documents that have no answer, for the next pass."""
        failed = {(k.task, k.doc) for k, r in self.answers.items() if r["status"] == "failed"}
        kept: dict[str, list[int]] = {}
        for task, doc in sorted(lm.all_docs):
            true_doc = self.true_doc(task, doc)
            if (task, doc) not in lm.missing:
                kept.setdefault(task, []).append(true_doc)
                continue
            why = "failed" if (task, doc) in failed else "not_run"
            self.dropped[why].setdefault(task, []).append(true_doc)
        # The keys count documents within the samples, so they change with these.
        moved = {}
        for key, response in self.answers.items():
            true_doc = self.true_doc(key.task, key.doc)
            if true_doc in kept.get(key.task, ()):
                moved[key.__class__(key.task, kept[key.task].index(true_doc), key.part,
                                    key.repeat)] = response  # fmt: skip
        self.answers, self.samples = moved, kept

    def done(self, results: Frame, tracker: Any) -> Frame:
        from lm_eval.utils import handle_non_serializable

        samples = results.pop("samples")
        output = Path(self.settings["output"])
        before = set(output.rglob("*")) if output.exists() else set()
        tracker.save_results_aggregated(results=results, samples=samples)
        for task, rows in samples.items():
            tracker.save_results_samples(task_name=task, samples=rows)
        files = sorted(str(p) for p in set(output.rglob("*")) - before if p.is_file())
        if not files:
            fix = "check that the folder can be written to"
            raise WorkerError("lm-eval wrote no files", f"nothing new in {output}", fix)
        plain = json.loads(json.dumps(results["results"], default=handle_non_serializable))
        return {"type": "lm_eval_done", "files": files, "results": finite(plain), **self.dropped}


def outcome(frame: Frame) -> Frame:
    if frame.get("not_run"):
        return {"status": "not_run"}
    response = frame["response"]
    status = "failed" if response.get("error") else "answered"
    return {**response, "status": status}


def rekeyed(answers: dict[Any, Frame]) -> dict[Any, Frame]:
    """Only what was answered: the rest is asked again if it is wanted at all."""
    return {key: r for key, r in answers.items() if r["status"] == "answered"}


def seeds(seed: int | None) -> dict[str, int]:
    """As `lm_eval --seed` with one number; nothing: lm-eval's own defaults."""
    if seed is None:
        return {}
    names = ("random_seed", "numpy_random_seed", "torch_random_seed", "fewshot_random_seed")
    return dict.fromkeys(names, seed)


def finite(value: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main() -> int:
    parser = argparse.ArgumentParser(prog="assay_worker.lm_eval_bridge")
    parser.add_argument("--in-fd", type=int, required=True)
    parser.add_argument("--out-fd", type=int, required=True)
    options = parser.parse_args()
    reader, writer = FrameReader(options.in_fd), FrameWriter(options.out_fd)
    settings = reader.read()
    if settings is None:
        return 0
    with tempfile.TemporaryDirectory(prefix="assay-lm-eval-") as scratch:
        # A fresh cache: `datasets` would keep an order of choices that another seed made.
        os.environ["HF_DATASETS_CACHE"] = str(Path(scratch, "datasets"))
        try:
            frame = Bridge(reader, writer, settings).run(Path(scratch))
        except WorkerError as error:
            frame = error.frame(None)
        except Exception as error:
            traceback.print_exc()
            fix = "see the worker's log"
            frame = WorkerError("lm-eval failed", describe(error), fix).frame(None)
        writer.write(frame)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # torch's threads are not worth waiting for
