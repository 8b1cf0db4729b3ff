"""The exit codes of `assay compare --gate`, on the golden reports.

usage: test_gate.py ASSAY GOLDEN
"""

import json
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

assay, golden = sys.argv[1], Path(sys.argv[2])


def compare(code: int, *arguments: str) -> str:
    done = subprocess.run(
        [assay, "compare", *arguments], check=False, capture_output=True, text=True
    )
    if done.returncode != code:
        raise AssertionError(
            f"{arguments}: exit {done.returncode}, expected {code}\n{done.stdout}{done.stderr}"
        )
    print("ok", code, *arguments[1:])
    return done.stdout + done.stderr


def run(name: str, variant: str = "") -> str:
    return str(golden / name) + (":" + variant if variant else "")


worse = [run("one_worse", "bf16"), run("one_worse", "nvfp4")]
fine = [run("one_worse", "bf16"), run("one_worse", "fp8"), "--margin", "10"]

compare(1, *worse, "--gate")
compare(0, *worse)  # without --gate a verdict is no failure
compare(0, *fine, "--gate")
compare(1, run("one_worse"), "--margin", "10", "--gate")  # the worst of its variants
text = compare(4, run("out_of_budget"), "--margin", "10", "--gate")
assert "INCONCLUSIVE" in text, text
for name in ("invalid", "invalid_baseline"):  # although the sound task alone would do
    text = compare(4, run(name), "--margin", "10", "--gate")
    assert "INVALID (truncated: math)" in text, text
compare(4, run("no_baseline_samples"), "--margin", "10", "--gate")  # nothing to compare
compare(2, run("nowhere"), "--gate")
compare(2, *fine, "--gate", "--margin", "0")

with tempfile.TemporaryDirectory() as folder:
    policy = Path(folder) / "policy.yaml"
    policy.write_text("margin_pp: 10\nfidelity: {kl_at_most: 0.001}\n")
    text = compare(4, *fine[:2], "--gate", "--policy", str(policy))
    assert "policy: mean KL 0.0040 is above 0.001" in text, text
    policy.write_text("margin_pp: 10\nfidelity: {kl_at_most: 0.01}\n")
    compare(0, *fine[:2], "--gate", "--policy", str(policy))
    broken = Path(folder) / "broken"
    shutil.copytree(golden / "one_worse", broken)
    report = json.loads((broken / "results.json").read_text())
    report["fidelity"]["fp8"]["kl"]["value"] = None  # as a NaN is written
    (broken / "results.json").write_text(json.dumps(report))
    arms = [f"{broken}:bf16", f"{broken}:fp8"]
    text = compare(4, *arms, "--gate", "--policy", str(policy))
    assert "policy: mean KL is not a number" in text, text
    policy.write_text("margin_pp: 10\ntasks:\n  math: {weight: 0}\n")
    compare(0, run("invalid"), "--gate", "--policy", str(policy))  # declared not to count
    policy.write_text("margin: 10\n")
    compare(2, *fine[:2], "--gate", "--policy", str(policy))

    junit, summary = Path(folder) / "junit.xml", Path(folder) / "summary.md"
    for arguments in (worse, fine):
        extra = ["--junit", str(junit), "--markdown", str(summary)]
        compare(1 if arguments is worse else 0, *arguments, "--gate", *extra)
        suite = ET.parse(junit).getroot()[0]
        failures = suite.findall(".//failure")
        assert bool(failures) == (arguments is worse), ET.tostring(suite)
        assert suite.get("failures") == str(len(failures))
        assert suite.get("tests") == str(len(suite.findall("testcase"))) == "3"
    heads = [line for line in summary.read_text().splitlines() if line.startswith("### ")]
    assert heads == [
        "### WORSE: nvfp4 against bf16",
        "### NON-INFERIOR: fp8 against bf16",
    ], heads
