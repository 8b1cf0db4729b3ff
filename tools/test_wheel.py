"""The wheel: one version everywhere, the graders' pins, and what lands in an environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import tomllib

import assay_worker

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = Path(os.environ.get("ASSAY_PROGRAM", ROOT / "build/release/assay"))


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def version_of_sources() -> str:
    found = re.search(r"project\(assay VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())
    assert found
    return found[1]


def test_program_and_worker_have_one_version() -> None:
    """A program refuses a worker of another: src/engine/python_test.cc, worker_engine_test.cc."""
    assert assay_worker.__version__ == version_of_sources()


def test_what_decides_mathematics_is_pinned_as_it_is_tested() -> None:
    pins = dict(pin.split("==") for pin in pyproject()["project"]["dependencies"])
    assert set(pins) == {"math-verify", "latex2sympy2_extended", "antlr4-python3-runtime"}
    tested = locked("vllm-cpu.lock")
    assert pins == {name: tested[name] for name in pins}
    # The versions that the fast path imitates (docs/scoring.md).
    reference = (ROOT / "src/values/math_reference.h").read_text()
    for version in pins.values():
        assert f'"{version}"' in reference


def test_what_graded_programs_import_is_pinned_as_it_is_tested() -> None:
    extra = pyproject()["project"]["optional-dependencies"]["grade"]
    assert dict(pin.split("==") for pin in extra) == locked("grade.lock")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the program that is built; tools/portable's makes one for other machines."""
    if not PROGRAM.is_file():
        pytest.skip(f"no {PROGRAM}")
    out = tmp_path_factory.mktemp("wheels")
    env = os.environ | {"ASSAY_WHEEL_OUT": str(out), "ASSAY_WHEEL_PYTHON": sys.executable}
    done = subprocess.run(
        [ROOT / "tools/wheel", PROGRAM], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])


def test_holds_program_worker_and_package(wheel: Path) -> None:
    version = version_of_sources()
    assert wheel.name.startswith(f"assay-{version}-py3-none-")
    with zipfile.ZipFile(wheel) as inside:
        names = set(inside.namelist())
        said = Parser().parsestr(inside.read(f"assay-{version}.dist-info/METADATA").decode())
    assert f"assay-{version}.data/scripts/assay" in names
    assert {"assay/run.py", "assay_worker/server.py", "assay_demo/plugin.py"} <= names
    assert not [name for name in names if name.endswith("_test.py") or "conftest" in name]
    assert said["Requires-Python"] == ">=3.10"
    assert "math-verify==0.9.0" in said.get_all("Requires-Dist")
    assert {"vllm", "wandb", "mlflow", "hub", "pandas"} <= set(said.get_all("Provides-Extra"))


def test_is_installed_without_a_compiler(wheel: Path, tmp_path: Path) -> None:
    env = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", env], check=True)
    pip = [sys.executable, "-m", "pip", "--python", env / "bin/python"]  # the one that is here
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ASSAY_", "PYTHON"))}
    clean["PATH"] = "/usr/bin:/bin"

    def run(*command: str | Path) -> str:
        return subprocess.run(
            command, capture_output=True, text=True, env=clean, cwd=tmp_path, check=True
        ).stdout

    assert run(env / "bin/assay", "--version") == f"assay {version_of_sources()}\n"
    assert "mmlu_pro" in run(env / "bin/assay", "check", ROOT / "plans/demo.yaml")
    ask = "import assay; print(assay.__version__)"
    assert run(env / "bin/python", "-c", ask) == f"{version_of_sources()}\n"
