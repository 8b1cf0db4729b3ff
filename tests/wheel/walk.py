"""What a user does with an installed assay, in the environment that runs this; standard library alone.

usage: walk.py PROGRAM FAKES DATA FOLDER [--no-maths]

Two scripted endpoints (FAKES/fake_openai_server.py) stand for the models, DATA for the benchmarks.
Prints a line a step; exit code 1 at the first that fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PLAN = """
name: walk
data: {data}
engine: {{kind: openai, base_url: "http://127.0.0.1:1/v1", max_model_len: 8192}}
variants:
  - {{name: bf16, model: one, engine: {{base_url: "http://127.0.0.1:{one}/v1"}}, baseline: true}}
  - {{name: fp8, model: other, engine: {{base_url: "http://127.0.0.1:{other}/v1"}}}}
tasks:
  - {{name: mmlu_pro, ids: ["101", "102", "103", "201"], max_gen_toks: 32}}
"""
# Only Math-Verify tells that 0.5 is 1/2.
MATHS = "  - {name: math500, limit: 4, max_gen_toks: 32}\n"


class Failed(Exception):
    pass


def run(step: str, command: list[str], *, says: str, code: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    printed = done.stdout + done.stderr
    if done.returncode != code or says not in printed:
        raise Failed(f"{step}: exit code {done.returncode}, {says!r} expected in:\n{printed}")
    print(f"ok {step}")
    return printed


def endpoint(fakes: Path, name: str, letter: str) -> subprocess.Popen[str]:
    script = {"model": name, "default": {"text": f"The answer is ({letter}), \\boxed{{4}}."}}
    command = [sys.executable, str(fakes / "fake_openai_server.py"), json.dumps(script)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def walk(program: str, fakes: Path, data: Path, folder: Path, *, maths: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    servers = [endpoint(fakes, "one", "B"), endpoint(fakes, "other", "C")]
    try:
        one, other = (int(server.stdout.readline()) for server in servers if server.stdout)
        plan, out = str(folder / "plan.yaml"), str(folder / "run")
        Path(plan).write_text(
            PLAN.format(data=data, one=one, other=other) + (MATHS if maths else "")
        )
        run("assay --version", [program, "--version"], says="assay 0.")
        run("assay check", [program, "check", plan], says="mmlu_pro")
        run("assay run", [program, "run", plan, "--out", out], says="report.html")
        # Of 101 and 102 (B), 103 (C) and 201 (A) one model has two right, the other one.
        compare = [program, "compare", f"{out}:bf16", f"{out}:fp8", "--json"]
        found = json.loads(run("assay compare", compare, says="pooled"))
        task = next(t for t in found["comparisons"][0]["tasks"] if t["task"] == "mmlu_pro")
        if (task["n"], task["flips_to_wrong"], task["flips_to_right"]) != (4, 2, 1):
            raise Failed(f"assay compare: {task}")
        if maths:
            results = json.loads((folder / "run/results.json").read_text())
            if results["graders"]["math-verify"] != "0.9.0" or not results["graders_imitated"]:
                raise Failed(f"Math-Verify: {results['graders']}")
            print("ok Math-Verify", results["graders"]["math-verify"])
    finally:
        for server in servers:
            server.communicate()


def main() -> int:
    program, fakes, data, folder, *rest = sys.argv[1:]
    try:
        walk(
            program, Path(fakes), Path(data).resolve(), Path(folder), maths="--no-maths" not in rest
        )
    except Failed as failed:
        print(f"failed {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
