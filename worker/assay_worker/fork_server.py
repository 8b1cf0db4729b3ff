"""Engine core and ranks without importing vLLM anew in each.

On several GPUs vLLM has three floors of processes: the worker, the engine core and a rank a GPU.
Started afresh, each imports vLLM for 15 to 25 s, one floor after the other. Here one process
without threads imports it, beside the worker's own import: the engine core is a fork of it, and the
ranks are forks of the engine core, as vLLM itself makes them where nobody asks for `spawn`. The GPU
is untouched until then, for a process that uses it cannot be forked.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

from assay_worker import collector
from assay_worker.versions import installed_versions
from assay_worker.vllm_releases import make_engine_cores_in

METHOD = "VLLM_WORKER_MULTIPROC_METHOD"


class InEnvironment:
    """Runs `target` with these variables: a fork of the server has those of the server's start.
    `pauses`: its own forks, the ranks, load without the collector."""

    def __init__(self, target: Callable[..., Any], variables: dict[str, str], pauses: bool) -> None:
        self.target, self.variables, self.pauses = target, variables, pauses

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        os.environ.clear()
        os.environ.update(self.variables)
        if threads := self.variables.get("OMP_NUM_THREADS"):  # torch read it when it was imported
            import torch

            torch.set_num_threads(int(threads))
        if self.pauses:
            collector.pause_in_forks()
        return self.target(*args, **kwargs)


class EngineCore(ForkServerProcess):
    pauses = False

    def start(self) -> None:
        self._target = InEnvironment(self._target, {**os.environ, METHOD: "fork"}, self.pauses)
        super().start()


class Context(ForkServerContext):
    Process = EngineCore


class ForkServer:
    """The server of this worker; never on the CPU, whose thread pools do not live through a fork,
    and not where the user has chosen how vLLM starts processes."""

    def __init__(self, ranks: int) -> None:
        vllm = installed_versions().get("vllm", "")
        self._wanted = ranks > 1 and bool(vllm) and not vllm.endswith("cpu")
        self._wanted = self._wanted and METHOD not in os.environ
        self._running = False

    def begin(self) -> None:
        """Starts it; returns at once, while it imports."""
        if not self._wanted or self._running:
            return
        multiprocessing.set_forkserver_preload(["assay_worker.rank_imports"])
        forkserver.ensure_running()
        self._running = True

    def make_engine_cores(self, resumed: bool) -> None:
        """vLLM's engine cores are its forks from now on. Without effect on a vLLM that starts them
        otherwise. `resumed`: each rank will be asked for its EngineFacts once it has loaded."""
        if not self._running:
            return
        EngineCore.pauses = resumed
        if not make_engine_cores_in(Context):
            print("assay_worker: this vLLM starts its engine core by itself", file=sys.stderr)
