"""The machine and the folder in which run_commands.py runs the documentation's commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "worker/tests")]
from local_hub import LocalHub, Repo  # noqa: E402
from loopback_sshd import Sshd  # noqa: E402

PYTHON = ROOT / ".venv/bin/python3"
TOKEN = "hf_plantedplanteddocs"
HUB_MODELS = ("Qwen/Qwen3-32B", "Qwen/Qwen3-32B-FP8", "RedHatAI/Qwen3-32B-NVFP4")
# Each precision writes SciCode's steps in its own way, as real ones do.
CODE = "```python\ndef step():\n    return {}\n```"
ENGINE = {
    "models": {
        name: {
            "noise": noise,
            "rules": [{"contains": "one step at a time", "text": CODE.format(n)}],
        }
        for n, (name, noise) in enumerate((("bf16", 0), ("fp8", 0.3), ("nvfp4", 0.6)))
    }
}


def script(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("#!/bin/sh\n" + text)
    file.chmod(0o755)


def tiny_model(folder: Path, number: int) -> Path:
    """Enough of a model for all that looks at its files only; each number has weights of its own."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"architectures": ["Qwen3ForCausalLM"]}')
    header = b"{}" + b" " * number
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    (folder / "tokenizer.json").write_text("{}")
    return folder


def make_hub(layouts: Path, models: Path) -> LocalHub:
    """The hub with rows of ours under the data sets' real names; HLE is not granted."""
    subprocess.run(
        [PYTHON, ROOT / "worker/tests/hub_layouts.py", ROOT / "data", layouts], check=True
    )
    hub = LocalHub()
    hub.tokens = {TOKEN}
    folders = {f"datasets/{f.relative_to(layouts)}": f for f in layouts.glob("*/*")}
    for number, name in enumerate(HUB_MODELS):
        folders[f"models/{name}"] = tiny_model(models / str(number), number)
    for name, folder in folders.items():
        files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
        hub.repos[name] = Repo(files)
    for name, granted in (("datasets/Idavidrein/gpqa", {TOKEN}), ("datasets/cais/hle", set())):
        hub.repos[name].gated = True
        hub.repos[name].granted = frozenset(granted)
    return hub


def recorded_outputs(tree: Path) -> None:
    """Small recorded outputs, in the layouts that `assay grade` reads (docs/scoring.md)."""
    docs = [json.loads(line) for line in (ROOT / "data/math500/test.jsonl").open()]
    samples = [
        {"doc_id": i, "doc": doc, "target": doc["answer"], "exact_match": 1.0, "filter": "none",
         "resps": [[f"So it is $\\boxed{{{doc['answer']}}}$."]], "filtered_resps": [doc["answer"]]}
        for i, doc in enumerate(docs)
    ]  # fmt: skip
    text = "".join(json.dumps(sample) + "\n" for sample in samples)
    for name in ("outputs.jsonl", "samples_hendrycks_math500.jsonl"):
        (tree / name).write_text(text)
    # SciCode's own files of generated code: each step's program with the steps before it.
    (tree / "generated_code").mkdir()
    for row in map(json.loads, (ROOT / "data/scicode/problems.jsonl").open()):
        code = row["required_dependencies"]
        for step in row["sub_steps"]:
            code += "\n\n" + step["ground_truth_code"]
            (tree / f"generated_code/{step['step_number']}.py").write_text(code)
    problem = json.loads((ROOT / "data/livecodebench/test.jsonl").open().readline())
    answer = "```python\na, b = map(int, input().split())\nprint(a + b)\n```"
    evaluated = {key: problem[key] for key in ("question_id", "question_title", "difficulty",
                                               "contest_date")}  # fmt: skip
    evaluated |= {"output_list": [answer], "code_list": [answer], "graded_list": [True]}
    (tree / "eval_all.json").write_text(json.dumps([evaluated]))


class Endpoint:
    """A scripted OpenAI-compatible server (tests/fakes) that serves one name."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, str(ROOT / "tests/fakes/fake_openai_server.py")]
        command.append(json.dumps({"model": name}))
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate()  # it ends when its input does


class Scene:
    def __init__(self, folder: Path, assay: Path) -> None:
        self.tree, self.disk, self.bin = folder / "assay", folder / "disk", folder / "bin"
        (self.disk / "data/bench").mkdir(parents=True)
        (folder / "home").mkdir()
        # The vLLM environment: the real one, but for the engine.
        self.python = self.disk / "opt/vllm/bin/python"
        script(
            self.python,
            f"""case "$1 $2" in
"-m assay_worker") exec {PYTHON} {ROOT}/tests/fakes/fake_worker.py "$@" ;;
*) exec {PYTHON} "$@" ;;
esac
""",
        )
        self.hub = make_hub(folder / "layouts", folder / "models")
        self.endpoints = {8000: Endpoint("served-name"), 8001: Endpoint("served-name-fp8")}
        self.make_tree(folder / "layouts")
        (folder / "engine.json").write_text(json.dumps(ENGINE))
        self.environment = self.make_environment(folder / "home")
        far = {k: v for k, v in self.environment.items() if k.startswith(("ASSAY_", "HF_", "HOME"))}
        self.sshd = Sshd(folder / "sshd", environment=far)
        script(self.bin / "ssh", f'exec {shutil.which("ssh")} -F {folder}/sshd/ssh_config "$@"\n')
        (self.bin / "assay").symlink_to(assay)
        (self.bin / "python").symlink_to(self.python)

    def make_tree(self, layouts: Path) -> None:
        (self.tree / "plans").mkdir(parents=True)
        for plan in (ROOT / "plans").glob("*.yaml"):
            self.add_plan(plan.stem, plan.read_text())
        for number, name in enumerate(ENGINE["models"]):
            tiny_model(self.tree / "build/demo-models" / name, number)
        for name in ("ci", "data", "worker", "tests", "docs"):
            (self.tree / name).symlink_to(ROOT / name)
        recorded_outputs(self.tree)
        shutil.copy(next(layouts.rglob("*.parquet")), self.tree / "rows.parquet")

    def make_environment(self, home: Path) -> dict[str, str]:
        left_out = ("HF_", "HUGGING", "XDG_", "TMPDIR", "VLLM_", "ASSAY_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        return {
            **kept,
            "PATH": f"{self.bin}:{kept['PATH']}",
            "HOME": str(home),
            "HF_ENDPOINT": self.hub.endpoint,
            "HF_TOKEN": TOKEN,
            "MY_ENDPOINT_KEY": "sk-plantedplanteddocs",
            "ASSAY_PYTHON": str(self.python),
            "ASSAY_GRADE_PYTHON": str(ROOT / ".venv-grade/bin/python3"),
            "ASSAY_FAKE_SCRIPT": str(self.tree.parent / "engine.json"),
        }

    def add_plan(self, name: str, text: str) -> None:
        (self.tree / f"plans/{name}.yaml").write_text(self.moved(text))

    def moved(self, text: str) -> str:
        """/data and /opt of that machine below the test's folder, its servers' ports ours."""
        for port, endpoint in self.endpoints.items():
            text = text.replace(f"127.0.0.1:{port}/", f"127.0.0.1:{endpoint.port}/")
        return re.sub(r"(?<![\w./~}])/(data|opt)/", rf"{self.disk}/\1/", text)

    def run(self, line: str, limit_s: int) -> subprocess.CompletedProcess[str]:
        """TimeoutExpired where it takes longer; then all that it started has been ended."""
        words = ["bash", "-euo", "pipefail", "-c", self.moved(line)]
        with subprocess.Popen(
            words, cwd=self.tree, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        ) as started:  # fmt: skip
            try:
                said = started.communicate(timeout=limit_s)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                raise
        return subprocess.CompletedProcess(words, started.returncode, *said)

    def close(self) -> None:
        self.sshd.close()
        self.hub.close()
        for endpoint in self.endpoints.values():
            endpoint.close()
