"""A run of the real program, for what reads its folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAN = """
name: recorded
data: {data}
engine: {{kind: openai, base_url: "http://127.0.0.1:1/v1", max_model_len: 8192}}
variants:
  - {{name: bf16, model: one, engine: {{base_url: "http://127.0.0.1:{one}/v1"}}, baseline: true}}
  - {{name: fp8, model: other, engine: {{base_url: "http://127.0.0.1:{other}/v1"}}}}
tasks:
  - {{name: mmlu_pro, ids: ["101", "102", "103", "201"], max_gen_toks: 32}}
  - {{name: gpqa_diamond, limit: 2, max_gen_toks: 32, options: {{generative: true}}}}
"""


@contextmanager
def endpoint(name: str, answer: str) -> Iterator[int]:
    """tests/fakes' server: it gives one answer to everything, and ends when its input does."""
    script = {"model": name, "default": {"text": answer}}
    command = [sys.executable, str(ROOT / "tests/fakes/fake_openai_server.py"), json.dumps(script)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield int(server.stdout.readline())
    finally:
        server.communicate()


@pytest.fixture(scope="session")
def recorded_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two variants: the baseline always says B, the other C."""
    program = Path(os.environ.get("ASSAY_PROGRAM", ROOT / "build/release/assay"))
    if not program.is_file():
        pytest.skip(f"no {program}")
    folder = tmp_path_factory.mktemp("recorded")
    with ExitStack() as servers:
        one, other = (
            servers.enter_context(endpoint(name, f"The answer is ({letter})."))
            for name, letter in (("one", "B"), ("other", "C"))
        )
        plan = PLAN.format(data=ROOT / "data", one=one, other=other)
        (folder / "plan.yaml").write_text(plan)
        command = [str(program), "run", str(folder / "plan.yaml"), "--out", str(folder / "run")]
        env = os.environ | {"ASSAY_PYTHON": sys.executable}
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "run"
