"""`engine: {kind: worker, module: …}` runs another worker: tests/fakes/adding_worker.py.

usage: test_another_engine.py ASSAY ROOT
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

assay, root = sys.argv[1], Path(sys.argv[2])

PLAN = """name: sums
engine: {{kind: worker, module: {module}, max_model_len: 2048}}
variants:
  - {{name: one, model: {model}, baseline: true}}
  - {{name: two, model: {model}}}
tasks:
  - {{name: aime24, first: 3, max_gen_toks: 64}}
fidelity: {{items: 0}}
compare: {{same_model: true}}
"""


def check(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")
    print("ok", what)


def run(folder: Path, module: str) -> subprocess.CompletedProcess[str]:
    model = folder / "model"
    model.mkdir(exist_ok=True)
    (model / "config.json").write_text("{}")
    (model / "tokenizer.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    plan = folder / f"{module}.yaml"
    plan.write_text(PLAN.format(module=module, model=model))
    # The interpreter is this one: neither vLLM nor a package of ours is in it.
    env = {**os.environ, "ASSAY_PYTHON": sys.executable, "PYTHONPATH": str(root / "tests/fakes"),
           "XDG_CACHE_HOME": str(folder / "cache")}  # fmt: skip
    command = [assay, "run", str(plan), "--data", str(root / "data"), "--out",
               str(folder / f"{module}-out")]  # fmt: skip
    return subprocess.run(command, env=env, check=False, capture_output=True, text=True)


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    done = run(folder, "adding_worker")
    assert done.returncode == 0, done.stderr
    out = folder / "adding_worker-out"
    report = json.loads((out / "results.json").read_text())
    cell = report["tasks"][0]["cells"]["two"]
    # 2 + 3 is 5; 4 times 2 and 10 - 3 are no sums.
    check("scored", (cell["scored"], round(cell["metrics"]["robust"] * 3)), (3, 1))
    check("what ran", report["variants"][0]["facts"]["worker"], "adding")
    files = sorted((out / "results/one").glob("results_*.json"))
    check("model_source", json.loads(files[-1].read_text())["model_source"], "adding")
    (frozen,) = out.glob("plan.frozen.json")
    engine = json.loads(frozen.read_text())["plan"]["engine"]
    check("frozen", (engine["kind"], engine["module"]), ("worker", "adding_worker"))

    gone = run(folder, "no_such_worker")
    check("a module that is not there", gone.returncode, 3)
    for part in ("no_such_worker", "why:", "do:"):
        assert part in gone.stderr, gone.stderr
