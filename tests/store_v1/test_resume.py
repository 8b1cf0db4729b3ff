"""A finished run of release 0.1.0 (store.sql): reported and resumed by this one.

usage: test_resume.py ASSAY
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ASSAY = Path(sys.argv[1]).resolve()
HERE = Path(__file__).parent


def tiny_model(folder: Path, header: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"architectures": ["Qwen3ForCausalLM"]}\n')
    (folder / "tokenizer.json").write_text("{}\n")
    (folder / "model.safetensors").write_bytes(
        len(header).to_bytes(8, "little") + header
    )


# Greets as the Math-Verify that the fast path imitates, so that math500 is graded without its being
# asked; fails as anything else.
PYTHON = """#!/bin/sh
case "$*" in
*math_verify_helper*)
  grammar='{"latex2sympy2_extended": "1.11.0", "antlr4-python3-runtime": "4.11.0"}'
  echo '{"ready": "0.9.0", "grammar": '"$grammar"'}'; exec cat >/dev/null ;;
*) exit 1 ;;
esac
"""


def no_engine(folder: Path) -> None:
    """An environment of another vLLM, by its files alone: whatever would start an engine fails."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python3").write_text(PYTHON)
    (folder / "bin/python3").chmod(0o755)
    (folder / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    ours = subprocess.run(
        [ASSAY, "--version"], check=True, capture_output=True, text=True
    ).stdout
    for package, version in (("vllm", "9"), ("assay_worker", ours.split()[-1])):
        about = folder / f"lib/python3.11/site-packages/{package}-{version}.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Name: {package}\nVersion: {version}\n\n")


def lay_down(folder: Path) -> None:
    no_engine(folder / "python")
    tiny_model(folder / "models/bf16", b"{}")
    tiny_model(folder / "models/fp8", b"{} ")
    shutil.copytree(HERE / "data", folder / "data")
    shutil.copy(HERE / "plan.yaml", folder)
    (folder / "run").mkdir()
    store = sqlite3.connect(folder / "run/store.sqlite")
    store.execute("PRAGMA journal_mode = WAL")
    store.executescript((HERE / "store.sql").read_text())
    store.close()


def assay(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "ASSAY_PYTHON": str(folder / "python/bin/python3")}
    done = subprocess.run(
        [ASSAY, *arguments],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    print("ok", *arguments)
    return done.stdout


def version(folder: Path) -> int:
    store = sqlite3.connect(folder / "run/store.sqlite")
    (found,) = store.execute("PRAGMA user_version").fetchone()
    store.close()
    return found


def values(results: Path) -> dict:
    report = json.loads(results.read_text())
    for variant in report["variants"]:
        variant["model"] = Path(
            variant["model"]
        ).name  # this run's folder is another one
    for field in ("graders", "graders_imitated"):  # noted by the run that continues
        report.pop(field, None)
    return report


def check_values(report: dict) -> None:
    """What 0.1.0 wrote into results.json of this run."""
    means = {
        task["name"]: [
            task["cells"][variant]["metrics"]["robust"] for variant in ("bf16", "fp8")
        ]
        for task in report["tasks"]
    }
    assert means == {"math500": [0, 0], "hle": [2 / 3, 2 / 3]}, means
    pooled = report["noise_floor"]["pooled"]
    assert (pooled["answered_twice"], pooled["worded_differently"]) == (6, 1), pooled
    assert (pooled["flips_to_wrong"], pooled["flips_to_right"]) == (1, 0), pooled
    assert report["noise_floor"]["tasks"]["hle"]["example"] == "own-5"
    fidelity = report["fidelity"]["fp8"]
    assert (fidelity["items"], fidelity["tokens"]) == (4, 32), fidelity
    # The interval's bounds hang on the order in which outputs are drawn.
    assert fidelity["kl"] == {
        "high": 0.01149096110240141,
        "low": 0.008179296739989933,
        "value": 0.009835128921195672,
    }, fidelity


def on_a_small_disk(folder: Path) -> None:
    """The finished folder where less than a gigabyte is free."""
    script = f"""mkdir small && mount -t tmpfs -o size=30m none small || exit 77
cp -a run small/ && exec '{ASSAY}' run plan.yaml --out small/run"""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    done = subprocess.run(
        ["unshare", *user, "--mount", "bash", "-c", script],
        cwd=folder,
        env={**os.environ, "ASSAY_PYTHON": str(folder / "python/bin/python3")},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        print("skipped: mounting is not allowed", done.stderr)
        return
    assert done.returncode == 0, done
    print("ok run on a small disk")


def audit(folder: Path) -> None:
    """The recorded answers once more, beside the library itself where this machine has it."""
    python = os.environ.get("ASSAY_PYTHON", "")
    asks = ["-c", "import math_verify, assay_worker"]
    if not python or subprocess.run([python, *asks], check=False).returncode != 0:
        print("not audited: ASSAY_PYTHON names no Python with Math-Verify")
        return
    command = [ASSAY, "score", "run", "--audit", "100"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done
    assert " asked of Math-Verify too, 0 differing" in done.stdout, done.stdout
    assert "audit: 0 answers" not in done.stdout, done.stdout
    print("ok score run --audit 100")


# frozen_hash of the plan in store.sql without its second task (`ids` cannot grow).
HASH_WITHOUT_HLE = "b9491b1ce02a19c4dea23f58f82362b4617d4037288f766fe3fda545d9f80fec"


def grown_until_decided(folder: Path) -> None:
    """The folder of a release that knew no looks goes on until decided: what it has is kept, and as
    its results were known, the verdict is exploratory."""
    python = os.environ.get("ASSAY_PYTHON", "")
    if not python:
        print("not grown: ASSAY_PYTHON names no Python for the scripted engine")
        return
    lay_down(folder)
    plan = (folder / "plan.yaml").read_text().split("  - {name: hle")[
        0
    ] + "canary: off\n"
    (folder / "plan.yaml").write_text(plan)
    store = sqlite3.connect(folder / "run/store.sqlite")
    (text,) = store.execute("SELECT value FROM meta WHERE name = 'frozen'").fetchone()
    frozen = json.loads(text)
    del frozen["tasks"][1], frozen["plan"]["tasks"][1]
    replace = "UPDATE meta SET value = ? WHERE name = ?"
    store.execute(replace, (json.dumps(frozen), "frozen"))
    store.execute(replace, (HASH_WITHOUT_HLE, "frozen_hash"))
    store.commit()
    before = store.execute("SELECT key, body FROM responses").fetchall()
    store.close()

    worker = HERE.parent / "fakes/fake_worker.py"
    environment = {
        **os.environ,
        "ASSAY_SCRIPTED_WORKER": str(worker),
        "ASSAY_FAKE_SCRIPT": "{}",
    }
    command = [ASSAY, "run", "plan.yaml", "--until", "decided", "--budget", "5m"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert (
        "the plan goes beyond the one of this folder: until: decided" in done.stderr
    ), done.stderr
    assert "exploratory: the sample grew after results" in done.stdout, done.stdout
    store = sqlite3.connect(folder / "run/store.sqlite")
    after = dict(store.execute("SELECT key, body FROM responses").fetchall())
    store.close()
    assert [after[key] for key, _ in before] == [body for _, body in before]
    report = json.loads((folder / "run/results.json").read_text())
    (task,) = report["tasks"]
    assert [cell["scored"] for cell in task["cells"].values()] == [8, 8], task[
        "cells"
    ]  # all there are
    print("ok run --until decided")


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    results = folder / "run/results.json"
    lay_down(folder)
    assay(folder, "report", "run")
    read = values(results)
    check_values(read)
    explained = assay(folder, "explain", "run", "own-5", "--task", "hle")
    assert explained.count("--- bf16 (second pass) step 1\n") == 1, explained
    assert version(folder) == 1, "reading changed the store"

    assay(folder, "run", "plan.yaml")  # every answer is there: no engine is started
    assert version(folder) == 3
    assert values(results) == read, "another report after the migration"
    assert json.loads(results.read_text())["graders_imitated"] is True
    audit(folder)
    on_a_small_disk(folder)
    grown_until_decided(folder / "grown")
