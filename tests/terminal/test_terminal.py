"""A run on terminals of 60, 80 and 200 columns and on none: its line moves, fits, and is never cut;
what ends it names verdict and fidelity; a run that goes on says at once how long it will take. The
same in Chinese, with no English left in it; what comes from a hub; and `assay init`, answered.

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

CHINESE = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}

DURATION = r"(\d+s|\d+m \d\ds|\d+h \d\dm \d\ds)"
PART = re.compile(
    rf"(bf16|fp8) \([12] of 2\)|\d+/24 items|run \d+ %|(about|at most) {DURATION} left"
    rf"|\d+ in flight|\d+ being graded|\d+ tok/s"
    rf"|(starting|reads prompts|loading|canary|reads outputs back) \d+s"
)
PART_ZH = re.compile(
    rf"(bf16|fp8)（[12]/2）|\d+/24 题|全部 \d+ %|(约剩|最多剩) {DURATION}"
    rf"|\d+ 条在答|\d+ 条在评分|\d+ token/秒"
    rf"|(正在启动|读取提示词|正在加载|金丝雀检查|回读输出) \d+s"
)
FETCHED = re.compile(
    r"org/slow  (fetching|正在下载) \d+s  [\d.]+ K?i?B( of |，共 )87\.9 KiB(  (about|约剩) \d+s( left)?)?"
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


def live_lines(screen: Screen, known: re.Pattern[str] = PART) -> list[str]:
    return [line for line in screen.drawn if known.match(line.split("  ")[0])]


def check_live_line(screen: Screen, line: str, known: re.Pattern[str] = PART) -> None:
    check(cells(line) < screen.columns, f"{screen.columns} columns: {line!r}")
    for part in line.split("  "):
        words = ENGINE_WORDS.fullmatch(part) or part.endswith("…")
        check(known.fullmatch(part) or words, f"{screen.columns} columns: {part!r} of {line!r}")


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
    """Plain lines, in English whatever LANG says."""
    done = subprocess.run(
        run_command("plain"), cwd=folder, env={**env, **CHINESE}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    check(done.returncode == 0, done.stderr)
    for text in (done.stdout, done.stderr):
        check("\r" not in text and "\x1b" not in text, text)
        check(not re.search("[\u3400-\u9fff]", text), text)
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


# What stays as it is in Chinese: names, what is typed, other programs' words and errors.
SAME = re.compile(
    r"`[^`]*`|https?://\S+|\S*[/=]\S*|--?[a-z][a-z-]*|\w*[\d_.]\w*|[A-Z][\w-]*"
    r"|\b(token|nat|alpha|assay|plan|fp8|bf16|vllm|torch|pip|install|until|decided|hub|math|robust"
    r"|cgroup|root|user|mount|pid|net|numpy|scipy|sympy|seccomp|bubblewrap|setpriv|worker|module"
    r"|fake|kind|engine|max|model|len|items|square|equal|tokenizer|weights|loading|part|out|seed"
    r"|temperature|temp|enable|thinking|terminal|sqrt|apply|template|sampling|repeats|limit|env|output)\b"
)


def english_in(rows: list[str]) -> list[str]:
    """Rows in which a word is left that no language but English has."""
    return [row for row in rows if re.search(r"[a-z]{3,}", SAME.sub(" ", row))]


def speaks_chinese(folder: Path, env: dict[str, str]) -> None:
    env = {**env, **CHINESE}
    code, screen = on_terminal(run_command("zh"), 60, env, folder)
    said = "\n".join(screen.rows)
    check(code == 0, said)
    lines = live_lines(screen, PART_ZH)
    check(len(lines) > 5, screen.drawn)
    for line in lines:
        check_live_line(screen, line, PART_ZH)
    check(any(re.search(r"fp8（2/2）  \d+/24 题", line) for line in lines), lines)
    check(any("正在加载" in line for line in lines), lines)
    check("保真度：首选 token 一致率" in said, said)
    check(not english_in(screen.rows), english_in(screen.rows))
    check(not screen.wrapped, screen.wrapped)
    commands = (["check", "plan.yaml"], ["doctor", "plan.yaml"], ["power", "--n", "50"],
                ["compare", "zh:bf16", "zh:fp8"], ["history", "zh"])  # fmt: skip
    for words in commands:
        _, screen = on_terminal([ASSAY, *words], 80, env, folder)
        check(len(re.findall("[\u3400-\u9fff]", "\n".join(screen.rows))) > 20, screen.rows)
        # What is missing on a machine is told by errors, which are in English.
        rows = [row for row in screen.rows if words[0] != "doctor" or row.startswith("正常")]
        check(rows and not english_in(rows), (words, english_in(rows)))
    # LANG chooses for a terminal alone, and no language touches JSON.
    piped = subprocess.run([ASSAY, "check", "plan.yaml"], cwd=folder, env=env, capture_output=True,
                           text=True, check=True)  # fmt: skip
    check(not re.search("[\u3400-\u9fff]", piped.stdout), piped.stdout)
    as_json = [
        subprocess.run([ASSAY, "doctor", "plan.yaml", "--json", "--lang", language], cwd=folder,
                       env=env, capture_output=True, text=True, check=False).stdout
        for language in ("en", "zh")
    ]  # fmt: skip
    check(not re.search("[\u3400-\u9fff]", as_json[1]), as_json[1])
    check(as_json[0].count('"name"') == as_json[1].count('"name"') > 5, as_json)
    print("ok Chinese")


def hub_python() -> str:
    """A Python with the hub's client; empty: there is none."""
    for python in (sys.executable, str(ROOT / ".venv/bin/python")):
        if Path(python).exists() and not subprocess.run(
            [python, "-c", "import huggingface_hub, assay_worker"], capture_output=True, check=False
        ).returncode:
            return python
    return ""


def fetches(folder: Path, env: dict[str, str]) -> None:
    """A model comes from the hub: the line says how much of it is there, and moves."""
    python = hub_python()
    if not python:
        print("left out: no Python with huggingface_hub")
        return
    sys.path.insert(0, str(ROOT / "worker/tests"))
    from local_hub import LocalHub, Repo

    hub = LocalHub()
    hub.bytes_per_s = 30_000
    size = 89_900
    header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    hub.repos["models/org/slow"] = Repo(
        {"config.json": b"{}", "tokenizer.json": b"{}",
         "model.safetensors": len(header).to_bytes(8, "little") + header + b"x" * size}
    )  # fmt: skip
    (folder / "slow.yaml").write_text(PLAN.replace("./bf16", "org/slow"))
    quick = {**ENGINE, "load_s": 0, "tokens_per_s": 1000}
    env = {**env, "ASSAY_PYTHON": python, "HF_ENDPOINT": hub.endpoint, "HF_TOKEN": "",
           "ASSAY_FAKE_SCRIPT": json.dumps(quick)}  # fmt: skip

    def command(out: str) -> list[str]:
        return [ASSAY, "run", "slow.yaml", "--data", str(ROOT / "data"), "--out", out]

    try:
        for columns, language in ((60, {}), (80, CHINESE)):
            here = {**env, **language, "HF_HOME": str(folder / f"hub{columns}")}
            code, screen = on_terminal(command(f"slow{columns}"), columns, here, folder)
            check(code == 0, screen.rows)
            lines = [line for line in screen.drawn if line.startswith("org/slow  ")]
            check(lines and all(FETCHED.fullmatch(line) for line in lines), lines)
            check(len(set(lines)) >= 2, lines)
            check(not any(row.startswith("org/slow  ") for row in screen.rows), screen.rows)
        done = subprocess.run(command("slow"), cwd=folder, capture_output=True, text=True,
                              env={**env, "HF_HOME": str(folder / "hub")}, check=True)  # fmt: skip
        first = done.stderr.splitlines()[0]
        check(FETCHED.fullmatch(first), done.stderr)
    finally:
        hub.close()
    print("ok what is fetched")


def init_asks(folder: Path, env: dict[str, str]) -> None:
    there = folder / "init"
    there.mkdir()
    answers = [
        (r"Baseline.*: $", "org/M\n"), (r"Compared.*: $", "org/M-FP9\x7f8\n"),
        (r"gpqa_diamond\]: $", "mth500\n"), (r"gpqa_diamond\]: $", "math500\n"),
        (r"GPUs.*\[1\]: $", "\n"), (r"Budget.*\[1h\]: $", "2h\n"),
        (r"Plan file \[plan.yaml\]: $", "\n"),
    ]  # fmt: skip
    code, screen = on_terminal([ASSAY, "init"], 60, env, there, typed=answers)
    check(code == 0, screen.rows)
    check("  do:  did you mean 'math500'?" in screen.rows, screen.rows)
    check("plan.yaml: fp8 against M, 1 task, budget 2h" in screen.rows, screen.rows)
    check(not screen.wrapped, screen.wrapped)
    check("org/M-FP8" in (there / "plan.yaml").read_text(), "the plan")
    # A file that is there is refused while another can still be named.
    again = [*answers[:2], *answers[3:-1], (r"Plan file.*: $", "\n"), (r"Plan file.*: $", "b.yaml\n")]
    code, screen = on_terminal([ASSAY, "init"], 80, env, there, typed=again)
    check(code == 0 and "error: plan.yaml exists already" in screen.rows, screen.rows)
    check((there / "b.yaml").exists(), "the other plan")
    (there / "b.yaml").unlink()
    # Ctrl-C and Ctrl-D end it, and nothing is written.
    for keys, ends, says in (
        ("\x03", 130, "error: interrupted"),
        ("\x04", 2, "error: the answers ended before the plan was complete"),
    ):
        typed = [*answers[:1], (r"Compared.*: $", keys)]
        code, screen = on_terminal([ASSAY, "init", "b.yaml"], 80, env, there, typed=typed)
        check((code, says in screen.rows) == (ends, True), screen.rows)
        check(not (there / "b.yaml").exists(), "a plan")
    code, screen = on_terminal(
        [ASSAY, "init", "c.yaml"], 60, {**env, **CHINESE}, there,
        typed=[("基线.*：$", "org/M\n"), ("比较.*：$", "org/M-FP8\n"), (r"gpqa_diamond\]：$", "math500\n"),
               ("GPU.*：$", "\n"), ("预算.*：$", "\n"), ("计划文件.*：$", "\n")],
    )  # fmt: skip
    check(code == 0 and not english_in(screen.rows[:-5]), screen.rows)
    print("ok assay init")


def main() -> None:
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor() as pool:
        folder = Path(name).resolve()
        env = scene(folder)
        runs = [pool.submit(at_columns, folder, env, columns) for columns in (60, 80, 200)]
        others = (without_terminal, dumb_terminal, goes_on, speaks_chinese, fetches, init_asks)
        for other in others:
            runs.append(pool.submit(other, folder, env))
        for run in runs:
            run.result()
        colours(folder, env)


main()
