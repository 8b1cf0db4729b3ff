"""Odd files and numbers given to the program: each ends by itself, with its exit code and three
lines.

usage: test_odd_input.py ASSAY
"""

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ASSAY = Path(sys.argv[1]).resolve()
SOURCE = Path(__file__).parent.parent
LIMIT_S = 60  # of a command that takes a fraction of a second: a hang, whatever the machine

PLAN = """
name: odd
budget: 10m
variants:
  - {name: bf16, model: a, baseline: true}
  - {name: fp8, model: b}
tasks:
  - {name: math500, limit: 2, max_gen_toks: 16}
"""


def memory_limit() -> list[str]:
    """At most 4 GiB, but not for a build whose sanitizer reserves terabytes of addresses."""
    limit = ["prlimit", f"--as={4 << 30}"]
    works = subprocess.run([*limit, str(ASSAY), "--version"], capture_output=True).returncode == 0
    return limit if works else []


LIMIT = memory_limit()


def assay(folder: Path, *arguments: str, out: str | None = None) -> tuple[int, str]:
    """Runs it within the limit; gives its exit code and what it said on stderr."""
    command = [*LIMIT, str(ASSAY), *arguments]
    with open(out or os.devnull, "w") as stdout:
        done = subprocess.run(
            command, cwd=folder, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=LIMIT_S
        )
    return done.returncode, done.stderr


def expect(folder: Path, code: int, *arguments: str, said: str = "", out: str | None = None):
    found, errors = assay(folder, *arguments, out=out)
    assert found == code, (arguments, found, errors)
    assert said in errors, (arguments, errors)
    if code in (2, 3):
        for begin in ("error", "why", "do"):
            assert any(line.strip().startswith(begin) for line in errors.splitlines()), errors
    print("ok", code, *arguments, out or "")


def finished_run(folder: Path) -> None:
    """The stored run of release 0.1.0."""
    folder.mkdir()
    store = sqlite3.connect(folder / "store.sqlite")
    store.executescript((SOURCE / "store_v1/store.sql").read_text())
    store.execute("UPDATE responses SET body = json_set(body, '$.text', 'a' || char(27, 7, 8238))")
    store.commit()
    store.close()


def odd_files(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo")
    for name in ("of_fifo", "of_loop", "of_zero", "report_fifo"):
        (folder / name).mkdir()
    os.mkfifo(folder / "of_fifo/store.sqlite")
    os.mkfifo(folder / "of_fifo/results_2026-01-01T00-00-00.000000.json")
    os.mkfifo(folder / "report_fifo/results.json")
    (folder / "of_loop/store.sqlite").symlink_to("store.sqlite")
    (folder / "of_zero/results_2026-01-01T00-00-00.000000.json").symlink_to("/dev/zero")


def files(folder: Path) -> None:
    odd_files(folder)
    for command in ("compare", "summarize", "report", "score"):
        expect(folder, 3 if command in ("report", "score") else 2, command, "loop", said="symbolic")
    for command in ("report", "explain", "score"):
        rest = ["x"] if command == "explain" else []
        expect(folder, 3, command, "of_fifo", *rest, said="no regular file")
        expect(folder, 3, command, "of_loop", *rest, said="symbolic links")
    for command in ("compare", "summarize"):
        for name in ("of_fifo", "of_zero", "report_fifo"):
            expect(folder, 2, command, name, said="no results")
    expect(folder, 2, "check", "/dev/zero", said="no regular file")
    expect(folder, 2, "check", "fifo", said="no regular file")
    (folder / "none").mkdir()
    expect(folder, 2, "score", "none", said="no run in")
    assert not list((folder / "none").iterdir()), "score made something"


def numbers(folder: Path) -> None:
    for margin in ("nan", "inf", "-inf", "1e-300", "0", "100"):
        expect(folder, 2, "power", "--n", "50", f"--margin={margin}", said="no question")
    for alpha in ("nan", "1e-300", "0.5"):
        expect(folder, 2, "power", "--n", "50", f"--alpha={alpha}", said="no question")
    expect(folder, 2, "power", "--discordance", "nan", said="no question")
    expect(folder, 2, "power", "--n", "50", "--margin", "0.0001", said="not shares")
    for margin in (".nan", ".inf"):
        (folder / "plan.yaml").write_text(PLAN + f"compare: {{margin_pp: {margin}}}\n")
        expect(folder, 2, "check", "plan.yaml", said="margin")
    (folder / "plan.yaml").write_text(PLAN + "compare: {margin_pp: 1e-300}\n")
    expect(folder, 2, "check", "plan.yaml", said="not shares")


def outputs(folder: Path) -> None:
    finished_run(folder / "run")
    (folder / "plan.yaml").write_text(PLAN)
    expect(folder, 0, "report", "run")
    for command in (
        ["summarize", "run"],
        ["compare", "run"],
        ["check", "plan.yaml"],
        ["power"],
        ["report", "run"],
        ["explain", "run", "own-5"],
    ):
        expect(folder, 0, *command)
        expect(folder, 3, *command, out="/dev/full", said="could not be written")
    with open("/dev/full", "wb") as full:  # a log on a full disk: the exit code still tells
        ended = subprocess.run([ASSAY, "score", "nowhere"], cwd=folder, stderr=full, check=False)
    assert ended.returncode == 2, ended
    print("ok an error that cannot be written")
    said = subprocess.run([ASSAY, "explain", "run", "own-5"], cwd=folder, capture_output=True)
    assert b"a\\x1b\\x07\\u202e" in said.stdout and b"\x1b" not in said.stdout, said.stdout
    # A reader that goes away had what it wanted.
    done = subprocess.run(
        f"'{ASSAY}' explain run own-5 | true; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done
    stale = folder / "run/results/bf16/.samples_math500_x.jsonl.2147483647"
    stale.write_text("left by a killed report")
    expect(folder, 0, "report", "run")
    assert not stale.exists(), "what a killed report left is still there"


def deleted_folder(folder: Path) -> None:
    (folder / "plan.yaml").write_text(PLAN)
    gone = folder / "gone"
    gone.mkdir()
    script = f"rmdir '{gone}'; exec '{ASSAY}' run '{folder}/plan.yaml' --out relative"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=gone,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 2, done
    assert "the current folder" in done.stderr, done.stderr
    print("ok 2 run --out relative, in a deleted folder")


RUN = """name: odd
engine: {{kind: worker, module: fake_worker, max_model_len: 4096}}
variants: [{{name: bf16, model: {model}, baseline: true}}]
tasks: [{{name: gpqa_diamond, options: {{generative: true}}, max_gen_toks: 4}}]
fidelity: {{items: 0}}
"""


def scripted(folder: Path) -> tuple[list[str], dict[str, str]]:
    """A run with a scripted engine that answers after 3 s: its command and environment."""
    model = folder / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "tokenizer.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    (folder / "plan.yaml").write_text(RUN.format(model=model))
    root = SOURCE.parent
    env = {
        **os.environ,
        "ASSAY_PYTHON": sys.executable,
        "ASSAY_FAKE_SCRIPT": '{"default": {"text": "A", "delay_s": 3}}',
        "PYTHONPATH": f"{root}/tests/fakes",
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    command = [str(ASSAY), "run", str(folder / "plan.yaml"), "--data", str(root / "data")]
    return command, env


def moved(folder: Path) -> None:
    command, env = scripted(folder)
    out = folder / "out"
    run = subprocess.Popen(
        [*command, "--out", str(out)], env=env, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + LIMIT_S
    while not (out / "logs/bf16.log").exists() and time.monotonic() < end:
        time.sleep(0.05)
    out.rename(folder / "elsewhere")
    errors = run.communicate(timeout=LIMIT_S)[1]
    assert run.returncode == 3, errors
    assert "no longer the folder this run began in" in errors, errors
    assert not (out / "report.md").exists()
    expect(folder, 0, "report", "elsewhere")


# The disk ends while answers come: the tmpfs shrinks to what is used.
FULL = """mount -t tmpfs -o size=1100m none disk || exit 77
{run} & pid=$!
for i in $(seq 600); do [ -e disk/out/logs/bf16.log ] && break; sleep 0.1; done
sleep 1
kb=$(du -sk disk | cut -f1)
until mount -o remount,size=${{kb}}k disk 2>/dev/null; do kb=$((kb + 4)); done
wait $pid; echo "code $?"
mount -o remount,size=1100m disk
{run}; echo "code $?"
"""


def full_disk(folder: Path) -> None:
    command, env = scripted(folder)
    (folder / "disk").mkdir()
    run = shlex.join([*command, "--out", str(folder / "disk/out")])
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    done = subprocess.run(
        ["unshare", *user, "--mount", "bash", "-c", FULL.format(run=run)],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        print("skipped: mounting is not allowed", done.stderr)
        return
    codes = [line for line in done.stdout.splitlines() if line.startswith("code")]
    assert codes == ["code 3", "code 0"], done
    assert "store.sqlite is full" in done.stderr, done.stderr
    assert "no transaction is active" not in done.stderr, done.stderr
    print("ok a full disk")


PARTS = (files, numbers, outputs, deleted_folder, moved, full_disk)
for part in PARTS:
    place = Path(tempfile.mkdtemp(prefix="assay_odd_"))
    try:
        part(place)
    finally:
        shutil.rmtree(place)
