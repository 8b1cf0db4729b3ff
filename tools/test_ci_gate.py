"""ci/: the steps of the GitHub action and the GitLab template, run as their runners would."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = Path(os.environ.get("ASSAY_PROGRAM", ROOT / "build/release/assay"))
GOLDEN = ROOT / "tests/golden"
WORSE = [str(GOLDEN / "one_worse/results" / name) for name in ("bf16", "nvfp4")]
HOLDS = [str(GOLDEN / "all_fine/results" / name) for name in ("bf16", "fp8")]
UNDECIDED = [str(GOLDEN / "inconclusive/results" / name) for name in ("bf16", "fp8")]


def action() -> dict:
    return yaml.safe_load((ROOT / "ci/github/action.yml").read_text())


def step(name: str) -> dict:
    return next(s for s in action()["runs"]["steps"] if s["name"] == name)


def run_github(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The gate's step: inputs filled in, the rest of the environment as the runner sets it."""
    if not PROGRAM.is_file():
        pytest.skip(f"no {PROGRAM}")
    declared = {name: one.get("default", "") for name, one in action()["inputs"].items()}
    assert set(inputs) <= set(declared)
    given = declared | inputs
    env = {
        key: given[text.removeprefix("${{ inputs.").removesuffix(" }}")]
        for key, text in step("gate")["env"].items()
    }
    runner = {
        "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(ROOT / "ci/github"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("gate")["run"]],
        cwd=folder, env=env | runner, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("results", "more", "code", "result", "notice"),
    [
        (HOLDS, {}, 0, "holds", ""),
        (WORSE, {}, 1, "worse", "::error::"),
        (UNDECIDED, {}, 4, "undecided", "::warning::"),
        (UNDECIDED, {"fail-on": "worse"}, 0, "undecided", "::warning::"),
        (WORSE, {"fail-on": "worse"}, 1, "worse", "::error::"),
        (["/nowhere", "/nowhere else"], {}, 2, "error", "::error::"),
    ],
)
def test_github(tmp_path: Path, results, more, code, result, notice) -> None:
    done = run_github(tmp_path, results="\n".join(results), margin="10", **more)
    assert done.returncode == code, done.stdout + done.stderr
    outputs = (tmp_path / "output").read_text()
    assert outputs == f"result={result}\njunit=assay-junit.xml\n"
    if notice:
        assert notice in done.stdout
    if result != "error":
        cases = list(ElementTree.parse(tmp_path / "assay-junit.xml").iter("testcase"))
        assert [case.get("name") for case in cases] == ["pooled", "code", "math"]
        assert "| task |" in (tmp_path / "summary.md").read_text()


def test_an_input_is_no_command(tmp_path: Path) -> None:
    done = run_github(tmp_path, results='$(touch made) `touch made` "; touch made #')
    assert done.returncode == 2 and not (tmp_path / "made").exists()
    assert "${{" not in "".join(s["run"] for s in action()["runs"]["steps"])


@pytest.mark.parametrize(
    ("inputs", "what"),
    [
        ({"results": " "}, "ASSAY_RESULTS is empty"),
        ({"results": "a b", "fail-on": "never"}, "ASSAY_FAIL_ON is never"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, inputs: dict[str, str], what: str) -> None:
    done = run_github(tmp_path, **inputs)
    assert done.returncode == 2 and what in done.stderr and "fix:" in done.stderr


def test_gitlab(tmp_path: Path) -> None:
    if not PROGRAM.is_file():
        pytest.skip(f"no {PROGRAM}")
    job = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text())[".assay-gate"]
    given = {"ASSAY_RESULTS": " ".join(WORSE), "ASSAY_GATE": str(ROOT / "ci/gate"),
             "ASSAY_MARGIN": "10"}  # fmt: skip
    env = {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"} | job["variables"] | given
    script = "\n".join(job["script"])
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "error: assay: a candidate is WORSE" in done.stdout
    assert job["artifacts"]["reports"]["junit"] == "$ASSAY_JUNIT"
    for file in ("assay-junit.xml", "assay-summary.md"):
        assert (tmp_path / file).stat().st_size > 0


def test_the_documented_workflows_name_what_there_is() -> None:
    text = (ROOT / "docs/ci.md").read_text()
    github, gitlab = (
        yaml.safe_load(block.split("```")[0]) for block in text.split("```yaml\n")[1:]
    )
    (uses,) = (s for s in github["jobs"]["quantisation"]["steps"] if "with" in s)
    assert set(uses["with"]) == set(action()["inputs"])
    template = yaml.safe_load((ROOT / gitlab["include"][0]["file"]).read_text())
    assert gitlab["quantisation"]["extends"] in template
