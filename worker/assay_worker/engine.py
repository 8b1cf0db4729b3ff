"""vLLM behind the few calls the server makes. Everything here runs in the main thread."""

from __future__ import annotations

import contextlib
import difflib
import os
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assay_worker import collector, outputs
from assay_worker.core_watch import CoreWatch
from assay_worker.energy import EnergyCounter
from assay_worker.errors import WorkerError, describe
from assay_worker.fork_server import ForkServer
from assay_worker.gpu_watch import GpuWatch
from assay_worker.load_parts import Stopwatch, in_order, since_process_start_s
from assay_worker.lost_gpu import LOST_GPU_FIX, tells_of_lost_gpu
from assay_worker.memory import lacks_memory, less_memory
from assay_worker.model_folder import check_for_weights
from assay_worker.provenance import EXTENSION, LogCapture, loaded_facts
from assay_worker.rank_errors import errors, expect_errors, first_error, forget_errors
from assay_worker.versions import installed_versions
from assay_worker.vllm_releases import read_compiled_code_at_once

Frame = dict[str, Any]


@dataclass
class Pending:
    """A protocol request and those of vLLM that answer it (one per scored entry)."""

    frame: Frame
    parts: list[Any] = field(default_factory=list)  # vLLM's outputs, None where still missing

    @property
    def request_id(self) -> int:
        return self.frame["id"]

    def names(self) -> list[str]:
        return [f"{self.request_id}.{i}" for i in range(len(self.parts))]


class VllmEngine:
    def __init__(self, ranks: int = 1) -> None:
        """`ranks`: GPUs that the model will be split over, as far as known before load()."""
        self._fork_server = ForkServer(ranks)
        self._llm: Any = None
        self._engine: Any = None
        self._pending: dict[int, Pending] = {}
        self._special: dict[int, str] = {}
        self._max_model_len = 0
        self._max_top_k = 20
        self._prompt_tokens = 0
        self._generated_tokens = 0
        self._energy: EnergyCounter | None = None
        self._watch: GpuWatch | None = None
        self._core: CoreWatch | None = None
        self._asked: Frame = {}  # arguments of the load, its share of the GPU always among them
        self._process_s = since_process_start_s()
        self._importing = Stopwatch()
        self._import: threading.Thread | None = None

    # ------------------------------------------------ loading
    def preload(self) -> None:
        """Imports vLLM (10 to 40 s) beside whatever else the worker does."""
        if self._import is None and find_spec("vllm"):
            self._fork_server.begin()
            self._import = threading.Thread(
                target=import_quietly, args=(self._importing,), name="import vllm", daemon=True
            )
            self._import.start()

    def load(self, folder: Path, args: Frame, progress: Callable[[str], None]) -> Frame:
        if self._llm is not None:
            raise WorkerError(
                "cannot load a second engine", "one is loaded", "start another worker for it"
            )
        check_for_weights(folder, str(args.get("load_format", "auto")))
        started = time.monotonic()
        set_environment(args)
        if self._import is not None:
            self._import.join()
        else:
            import_quietly(self._importing)
        llm_class = import_vllm()
        self._asked = {"gpu_memory_utilization": default_utilization(), **args}
        values = checked_arguments(args)
        values.setdefault("disable_log_stats", False)
        extended = "worker_extension_cls" not in values
        if extended:
            values["worker_extension_cls"] = EXTENSION
        self._fork_server.make_engine_cores(resumed=extended)
        expect_errors()
        with LogCapture(progress) as log, collector.paused():
            try:
                self._llm = llm_class(model=str(folder), **values)
            except Exception as error:
                traceback.print_exc()  # the log holds none where the engine runs in this process
                raise load_error(folder, error, self._asked) from error
        self._engine = self._llm.llm_engine
        facts = loaded_facts(self._llm, time.monotonic() - started, log, extended)
        self._max_model_len = facts["max_model_len"]
        self._max_top_k = self._llm.model_config.max_logprobs
        self._special = special_tokens(self._llm.get_tokenizer())
        self._energy = EnergyCounter()
        self._watch = GpuWatch()
        self._core = CoreWatch(self._engine.engine_core)
        beside = {"process": self._process_s, "imports": self._importing.seconds}
        facts["parts"] = in_order({**facts["parts"], **beside})
        return facts

    # ------------------------------------------------ requests
    @property
    def busy(self) -> bool:
        return bool(self._pending)

    def add(self, frame: Frame) -> Frame | None:
        """Queues a request. A result at once when it can never reach the engine."""
        if self._engine is None:
            raise WorkerError(f"cannot {frame['type']}", "no engine is loaded", "send `load` first")
        scored = frame.get("scored", [])
        generates = frame["type"] == "generate"
        prompts = [frame["prompt_tokens"]] if generates else [s["tokens"] for s in scored]
        room = frame["sampling"]["max_tokens"] if generates else 1
        if problem := self._problem(frame, prompts, room):
            return outputs.failed_result(frame["id"], problem, sum(map(len, prompts)))
        pending = Pending(frame, [None] * len(prompts))
        self._pending[frame["id"]] = pending
        try:
            parameters = sampling_parameters(frame)
            for name, prompt in zip(pending.names(), prompts, strict=True):
                self._engine.add_request(name, prompt_of(frame, prompt), parameters)
        except Exception as error:  # vLLM refuses a prompt with classes of its own
            if type(error).__name__ == "EngineDeadError":
                raise lost(error, self._asked) from error
            self._drop(pending)
            return outputs.failed_result(frame["id"], describe(error))
        return None

    def _problem(self, frame: Frame, prompts: list[list[int]], room: int) -> str:
        if frame["id"] in self._pending:
            return "this id is in use"
        if not prompts or not all(prompts):
            return "the prompt is empty"
        if room < 1:
            return "max_tokens is below 1"
        if max(map(len, prompts)) + room > self._max_model_len:
            return "prompt does not fit"
        if frame["type"] == "generate":
            return ""
        if frame["type"] == "prompt_logprobs":
            if len(prompts) != 1:
                return "prompt_logprobs takes one entry"
            if not 0 < frame["top_k"] <= self._max_top_k:
                return f"top_k must be 1 to {self._max_top_k} (engine argument max_logprobs)"
        elif any(s["continuation_start"] < 1 for s in frame["scored"]):
            return "a continuation needs a token before it"
        return ""

    def cancel(self, request_id: int) -> Frame | None:
        pending = self._pending.get(request_id)
        if pending is None:
            return None
        self._drop(pending)
        return outputs.failed_result(request_id, "cancelled")

    def _drop(self, pending: Pending) -> None:
        del self._pending[pending.request_id]
        self._engine.abort_request(pending.names())

    def step(self) -> list[Frame]:
        """One step of the engine; the results of what it finished. Raises when it is lost."""
        done = []
        try:
            stepped = self._engine.step()
        except Exception as error:
            traceback.print_exc()
            raise lost(error, self._asked, self._core.why if self._core else "") from error
        for output in stepped:
            if not output.finished:
                continue
            request_id, _, part = output.request_id.partition(".")
            pending = self._pending.get(int(request_id))
            if pending is None:
                continue
            pending.parts[int(part)] = output
            if all(x is not None for x in pending.parts):
                del self._pending[pending.request_id]
                done.append(self._result(pending))
        return done

    def _result(self, pending: Pending) -> Frame:
        frame, parts = pending.frame, pending.parts
        self._prompt_tokens += sum(len(p.prompt_token_ids) for p in parts)
        try:
            if frame["type"] == "generate":
                logprobs = frame["sampling"].get("logprobs", 0)
                result = outputs.generate_result(frame["id"], parts[0], self._special, logprobs)
                self._generated_tokens += len(result["token_ids"])
                return result
            return scored_result(frame, parts)
        except ValueError as error:
            return outputs.failed_result(frame["id"], str(error))

    # ------------------------------------------------ the rest
    def stats(self) -> Frame:
        running, use = 0, 0.0
        left = self._engine.get_num_unfinished_requests() if self._engine is not None else 0
        if left > 0:  # vLLM's gauges stay as the last step left them
            gauges = {m.name: getattr(m, "value", 0) for m in self._llm.get_metrics()}
            running = min(left, int(gauges.get("vllm:num_requests_running", 0)))
            use = float(gauges.get("vllm:kv_cache_usage_perc", 0.0))
        return {
            "running": running,
            "waiting": left - running,
            "generated_tokens": self._generated_tokens,
            "prompt_tokens": self._prompt_tokens,
            "kv_cache_use": use,
            "energy_j": self._energy.joules() if self._energy is not None else None,
            "gpu_use": self._watch.facts() if self._watch is not None else None,
        }

    def tokens_so_far(self) -> int | None:
        """Output tokens since the load, those of unfinished answers included, by vLLM's counter.
        Called from another thread than the rest."""
        llm = self._llm
        if llm is None or self._engine is None:
            return None
        try:
            counters = {m.name: getattr(m, "value", None) for m in llm.get_metrics()}
            return int(counters["vllm:generation_tokens"])
        except Exception:  # a vLLM that counts otherwise, or not at all
            return None

    def close(self) -> None:
        """Ends vLLM's own processes politely; takes seconds when there are any."""
        if self._engine is not None:
            self._engine.engine_core.shutdown()
        forget_errors()


def scored_result(frame: Frame, parts: list[Any]) -> Frame:
    result = outputs.empty_result(frame["id"], sum(len(p.prompt_token_ids) for p in parts))
    result.update(outputs.times(parts[0].metrics))
    for part in parts:
        _, _, error = outputs.finish(part.outputs[0])
        if error:
            return outputs.failed_result(frame["id"], error)
    starts = [s["continuation_start"] for s in frame["scored"]]
    if frame["type"] == "loglikelihood":
        result["loglikelihoods"] = [
            outputs.loglikelihood(part.prompt_logprobs, start)
            for part, start in zip(parts, starts, strict=True)
        ]
    else:
        start = max(1, starts[0])
        result["positions"] = outputs.positions(parts[0].prompt_logprobs, start, frame["top_k"])
    return result


def prompt_of(frame: Frame, tokens: list[int]) -> dict[str, Any]:
    prompt: dict[str, Any] = {"prompt_token_ids": tokens}
    if salt := frame.get("sampling", {}).get("cache_salt"):
        prompt["cache_salt"] = salt  # vLLM shares cached prefixes within a salt only
    return prompt


def sampling_parameters(frame: Frame) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    if frame["type"] != "generate":
        return SamplingParams(
            max_tokens=1,
            temperature=0.0,
            prompt_logprobs=frame.get("top_k", 1),
            detokenize=False,
            flat_logprobs=True,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
    given = frame["sampling"]
    logprobs = given.get("logprobs", 0)
    return SamplingParams(
        logprobs=logprobs or None,
        flat_logprobs=bool(logprobs),
        max_tokens=given["max_tokens"],
        temperature=given.get("temperature", 0.0),
        top_p=given.get("top_p", 1.0),
        top_k=given.get("top_k", 0),
        min_p=given.get("min_p", 0.0),
        presence_penalty=given.get("presence_penalty", 0.0),
        frequency_penalty=given.get("frequency_penalty", 0.0),
        repetition_penalty=given.get("repetition_penalty", 1.0),
        seed=given.get("seed"),
        stop=given.get("stop", []),
        # As lm-eval asks: a stop string may be a special token of the model.
        skip_special_tokens=False,
        spaces_between_special_tokens=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def set_environment(args: Frame) -> None:
    """Before vLLM reads it; what the user set stays."""
    sizes = ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")
    if all(int(args.get(size, 1)) == 1 for size in sizes):
        # The engine core inside this process: 20 s quicker to load, and nothing to orphan.
        os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    if args.get("enforce_eager") and installed_versions().get("vllm", "").endswith("cpu"):
        # vLLM compiles the counting of ranks even so: 20 s before the first log-likelihood.
        os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")
    # This process has threads, so its children must not be forks of it.
    os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    versions = installed_versions()
    read_compiled_code_at_once(os.environ, versions.get("torch", ""), versions.get("vllm", ""))


def import_vllm() -> Any:
    if find_spec("vllm") is None:
        raise WorkerError(
            "vLLM is not installed in the worker's Python environment",
            "the package `vllm` cannot be found",
            "install vllm there, or name another interpreter (plan engine.python, ASSAY_PYTHON)",
        )
    try:
        from vllm import LLM
    except Exception as error:
        raise WorkerError(
            "vLLM cannot be imported",
            describe(error),
            "run `python -c 'import vllm'` in the worker's environment and mend what it names",
        ) from error
    return LLM


def import_quietly(watch: Stopwatch) -> None:
    # What goes wrong here goes wrong again, with a better message, in load().
    with watch, contextlib.suppress(Exception):
        import vllm
        import vllm.v1.engine.llm_engine

        vllm.LLM  # noqa: B018  (vllm imports its parts on first use)


def checked_arguments(args: Frame) -> Frame:
    """A copy of args, all of them known to this vLLM."""
    import inspect
    from dataclasses import fields

    from vllm import LLM
    from vllm.engine.arg_utils import EngineArgs

    known = {f.name for f in fields(EngineArgs)} | set(inspect.signature(LLM.__init__).parameters)
    known -= {"self", "kwargs", "model"}
    for name in args:
        if name == "model":
            raise WorkerError(
                "engine argument `model` cannot be given",
                "the model is the variant's own",
                "remove it from the plan's engine arguments",
            )
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise WorkerError(
                f"unknown engine argument `{name}`",
                "this vLLM has no such argument",
                f"did you mean `{near[0]}`?" if near else "see vLLM's engine arguments",
            )
    return dict(args)


def gone_gpu(error: Exception) -> str:
    """The words that say so: of any rank, as each may be the one to say it; empty: none does."""
    return next((why for why in [*errors(), describe(error)] if tells_of_lost_gpu(why)), "")


def lost(error: Exception, asked: Frame, core_ended: str = "") -> WorkerError:
    """`core_ended`: how, where vLLM says only that it did."""
    if gone := gone_gpu(error):
        return WorkerError("the engine lost a GPU", gone, LOST_GPU_FIX, fatal=True, final=True)
    why = first_error() or core_ended or describe(error)
    return WorkerError(
        "the engine failed",
        why,
        "start another worker; if one request does it again, leave that request out",
        fatal=True,
        less_memory=less_memory(why, asked),
    )


def default_utilization() -> float:
    """The share of a card that vLLM asks for where nobody says."""
    from vllm.engine.arg_utils import EngineArgs

    return float(EngineArgs.gpu_memory_utilization)


def load_error(folder: Path, error: Exception, asked: Frame) -> WorkerError:
    why = gone_gpu(error) or first_error() or describe(error)
    forget_errors()
    fix = "read the engine's log; often an engine argument in the plan does not suit the machine"
    if tells_of_lost_gpu(why):
        fix = LOST_GPU_FIX
    elif lacks_memory(why):
        fix = (
            "end what else holds the GPU's memory (`nvidia-smi` names it), or ask for less: "
            "engine.gpu_memory_utilization, max_model_len, max_num_seqs"
        )
    less = less_memory(why, asked)
    return WorkerError(f"vLLM cannot load {folder.name}", why, fix, fatal=True, less_memory=less)


def special_tokens(tokenizer: Any) -> dict[int, str]:
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {token: str(content) for token, content in added.items() if content.special}
