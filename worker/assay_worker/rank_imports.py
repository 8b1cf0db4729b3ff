"""What an engine core and its ranks import, for the process that they are forks of."""

import contextlib

# A module that another vLLM has not is imported by whoever needs its counterpart.
with contextlib.suppress(Exception):
    import vllm.v1.engine.core
    import vllm.v1.executor.multiproc_executor
    import vllm.v1.worker.gpu_worker  # noqa: F401
