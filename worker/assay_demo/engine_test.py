"""The demo's checkpoints in the real engine: they answer, and on the kernels they should."""

import os
import subprocess
import sys

import pytest

# One process loads all three, one after the other: importing vLLM takes most of the time.
PROGRAM = """
import gc, sys
from vllm import LLM, SamplingParams

question = [{"role": "user", "content": "What is the capital of France?"}]
for variant in ("bf16", "fp8", "nvfp4"):
    llm = LLM(sys.argv[1] + "/" + variant, max_model_len=512, max_num_batched_tokens=512,
              max_num_seqs=4, enforce_eager=True)
    out = llm.chat([question], SamplingParams(temperature=0, max_tokens=12), use_tqdm=False)
    core = llm.llm_engine.engine_core.engine_core
    model = core.model_executor.driver_worker.worker.model_runner.model
    layer = model.model.layers[0].mlp.down_proj
    scheme = getattr(layer, "scheme", None)
    kernel = getattr(scheme, "fp8_linear", None) or getattr(scheme, "kernel", None)
    print("RESULT", variant, type(kernel).__name__, out[0].outputs[0].text.replace("\\n", " "))
    del core, model, layer, scheme, kernel, llm
    gc.collect()
"""


@pytest.fixture(scope="module")
def results(demo_models):
    environment = os.environ | {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "HF_HUB_OFFLINE": "1",
        # Threads that spin at barriers bring the engine to a halt beside a compiler.
        "OMP_WAIT_POLICY": "passive",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(demo_models)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    lines = [line.split(" ", 3) for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    return {variant: (kernel, text) for _, variant, kernel, text in lines}


@pytest.mark.engine
@pytest.mark.parametrize("variant", ["bf16", "fp8", "nvfp4"])
def test_knows_the_capital_of_france(results, variant):
    # Greedy. A wrong rotary order, scale or packing turns the answer into noise.
    assert "Paris" in results[variant][1]


@pytest.mark.engine
def test_kernels_say_that_they_emulate(results):
    assert {variant: kernel for variant, (kernel, _) in results.items()} == {
        "bf16": "NoneType",
        "fp8": "EmulatedFp8ScaledMMLinearKernel",
        "nvfp4": "EmulatedNvFp4LinearKernel",
    }
