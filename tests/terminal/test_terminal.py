"""A run on terminals of 60, 80 and 200 columns and on none: its line moves, fits, and is never cut;
what ends it names verdict and fidelity; a run that goes on says at once how long it will take.

usage: test_terminal.py ASSAY
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from screen import Screen, cells, on_terminal

ASSAY = str(Path(sys.argv[1]).resolve())
ROOT = Path(__file__).resolve().parents[2]

PLAN = """name: terminal
engine: {kind: worker, module: fake_worker, max_model_len: 4096}
variants:
  - {name: bf16, model: ./bf16, baseline: true}
  - {name: fp8, model: ./fp8}
tasks:
  - {name: aime24, max_gen_toks: 64, repeats: 3, sampling: {temperature: 0.6}}
fidelity: {items: 4, max_tokens: 8}
"""
# A load of 2.5 s, and answers of some two seconds, six at a time.
ENGINE = {"load_s": 2.5, "tokens_per_s": 12, "max_num_seqs": 6, "hello": {"max_in_flight": 6},
          "models": {"fp8": {"noise": 0.3}}}  # fmt: skip

DURATION = r"(\d+s|\d+m \d\ds|\d+h \d\dm \d\ds)"
PART = re.compile(
    rf"(bf16|fp8) \([12] of 2\)|\d+/24 items|run \d+ %|(about|at most) {DURATION} left"
    rf"|\d+ in flight|\d+ being graded|\d+ tok/s"
    rf"|(starting|reads prompts|loading|canary|reads outputs back) \d+s"
)
ENGINE_WORDS = re.compile(r"loading weights, part \d+")


def model(folder: Path, number: int) -> None:
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    header = b"{}" + b" " * number
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)


def scene(folder: Path) -> dict[str, str]:
    model(folder / "bf16", 0)
    model(folder / "fp8", 1)
    (folder / "plan.yaml").write_text(PLAN)
    env = {**os.environ, "ASSAY_PYTHON": sys.executable, "LC_ALL": "C", "TERM": "xterm",
           "PYTHONPATH": str(ROOT / "tests/fakes"), "ASSAY_FAKE_SCRIPT": json.dumps(ENGINE),
           "XDG_CACHE_HOME": str(folder / "cache")}  # fmt: skip
    env.pop("NO_COLOR", None)
    return env


def run_command(out: str) -> list[str]:
    return [ASSAY, "run", "plan.yaml", "--data", str(ROOT / "data"), "--out", out]


def check(what: bool, why: object) -> None:
    if not what:
        raise AssertionError(why)


def live_lines(screen: Screen) -> list[str]:
    return [line for line in screen.drawn if PART.match(line.split("  ")[0])]


def check_live_line(screen: Screen, line: str) -> None:
    check(cells(line) < screen.columns, f"{screen.columns} columns: {line!r}")
    for part in line.split("  "):
        words = ENGINE_WORDS.fullmatch(part) or part.endswith("…")
        check(PART.fullmatch(part) or words, f"{screen.columns} columns: {part!r} of {line!r}")


def check_run(code: int, screen: Screen) -> None:
    said = "\n".join(screen.rows)
    check(code == 0, said)
    lines = live_lines(screen)
    for line in lines:
        check_live_line(screen, line)
    again = [one for one, other in zip(lines, lines[1:], strict=False) if one == other]
    check(not again, again)
    loads = {part for line in lines for part in line.split("  ") if part.startswith("loading ")}
    check(len(loads) >= 2, f"it does not move while it loads: {lines}")
    check(any(re.search(r"fp8 \(2 of 2\)  \d+/24 items", line) for line in lines), lines)
    check(any("about" in line and "1 of 2" in line for line in lines), lines)
    if screen.columns >= 80:
        check(any("loading weights" in line for line in lines), lines)
        check(any(re.search(r"run \d+ %", line) for line in lines), lines)
    # Once a line is done with nothing of it stays: each of the others stands there once, but for
    # rows of the table, which has its first column twice where it is printed in parts.
    left = [row for row in screen.rows if row]
    said_once = [row for row in left if ":" in row]
    twice = {row for row in said_once if said_once.count(row) > 1}
    check(not twice, twice)
    check(not any(PART.match(row.split("  ")[0]) for row in left), left)
    for row in left:
        check(cells(row) <= screen.columns, row)
    check(re.search(r"fp8: .*(INCONCLUSIVE|NON-INFERIOR|WORSE)", said), said)
    check("fidelity: top-1 agreement" in said, said)


def at_columns(folder: Path, env: dict[str, str], columns: int) -> None:
    check_run(*on_terminal(run_command(f"out{columns}"), columns, env, folder))
    print(f"ok {columns} columns")


def without_terminal(folder: Path, env: dict[str, str]) -> None:
    done = subprocess.run(
        run_command("plain"), cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    check(done.returncode == 0, done.stderr)
    for text in (done.stdout, done.stderr):
        check("\r" not in text and "\x1b" not in text, text)
    lines = [line for line in done.stderr.splitlines() if line]
    check(len(set(lines)) == len(lines), lines)
    check(any(line.startswith("bf16: ready") for line in lines), lines)
    print("ok without a terminal")


def dumb_terminal(folder: Path, env: dict[str, str]) -> None:
    """Lines are not drawn over, nor coloured, on a terminal that cannot."""
    command = run_command("out_dumb")
    code, screen = on_terminal(command, 80, {**env, "TERM": "dumb"}, folder)
    check(code == 0 and not screen.colours, screen.rows)
    check(len(screen.drawn) == len([row for row in screen.rows if row]), screen.drawn)
    print("ok a dumb terminal")


def goes_on(folder: Path, env: dict[str, str]) -> None:
    """Interrupted in its first variant, the next run knows how long it takes while it loads."""
    asked = []

    def interrupt(screen: Screen, child: subprocess.Popen[bytes]) -> None:
        if not asked and re.search(r"1 of 2\)  (1[2-9]|2\d)/24 items", screen.rows[-1]):
            asked.append(True)
            child.send_signal(signal.SIGINT)

    code, screen = on_terminal(run_command("again"), 120, env, folder, interrupt)
    check(code == 130, screen.rows)
    code, screen = on_terminal(run_command("again"), 120, env, folder)
    check_run(code, screen)
    loading = [line for line in live_lines(screen) if "loading" in line and "(1 of 2)" in line]
    check(loading and all("about" in line for line in loading), loading)
    # 24 items of two seconds each, six at a time, and two loads: 20 s. Were the stored answers
    # counted as made since the load, it would seem to take a few seconds.
    seconds = [int(re.search(r"about (\d+)s left", line)[1]) for line in loading]
    check(all(6 <= s <= 45 for s in seconds), loading)
    print("ok a run that goes on")


def colours(folder: Path, env: dict[str, str]) -> None:
    for words in (["compare", "out80:bf16", "out80:fp8"], ["check", "plan.yaml"],
                  ["doctor", "plan.yaml"]):  # fmt: skip
        command = [ASSAY, *words]
        for columns in (60, 80, 200):
            _, screen = on_terminal(command, columns, env, folder)
            check(screen.colours, f"{words}: no colour on a terminal")
            # Words longer than the line (paths) go on in the next one; nothing else does.
            cut = [row for row in screen.wrapped if " " in row.strip()]
            check(not cut, f"{words}, {columns} columns: {cut}")
        for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
            _, screen = on_terminal(command, 80, {**env, name: value}, folder)
            check(not screen.colours, f"{words}: coloured with {name}={value}")
        piped = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
        check(b"\x1b" not in piped.stdout + piped.stderr, f"{words}: coloured in a pipe")
        print("ok", *words)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor() as pool:
        folder = Path(name).resolve()
        env = scene(folder)
        runs = [pool.submit(at_columns, folder, env, columns) for columns in (60, 80, 200)]
        for other in (without_terminal, dumb_terminal, goes_on):
            runs.append(pool.submit(other, folder, env))
        for run in runs:
            run.result()
        colours(folder, env)


main()
