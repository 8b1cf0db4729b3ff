"""The Math-Verify helper: its answers, and that nothing it is sent ends it."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("math_verify")

from assay_worker import math_verify_helper as helper


def ask(*lines: str) -> list[dict[str, object]]:
    answers = io.StringIO()
    helper.serve(io.StringIO("".join(line + "\n" for line in lines)), answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def question(gold: str, output: str) -> str:
    return json.dumps({"gold": gold, "output": output})


def test_says_it_is_ready_first() -> None:
    greeting = ask()[0]
    assert list(greeting) == ["ready", "grammar"]
    assert set(greeting["grammar"]) == {"latex2sympy2_extended", "antlr4-python3-runtime"}


def test_of_a_box_alone_no_other_number_is_taken() -> None:
    def box(output: str) -> str:
        return json.dumps({"gold": "$3$", "output": output, "box": True})

    outputs = ["\\boxed{?}", "\\boxed{?3?}", "\\boxed{\\frac{6}{2}}", "$\\boxed{3}$"]
    verdicts = [answer["equal"] for answer in ask(*map(box, outputs))[1:]]
    assert verdicts == [False, False, True, True]


# Verdicts of Math-Verify 0.9.0's own tests (tests/test_all.py).
@pytest.mark.parametrize(
    ("gold", "output", "equal"),
    [
        ("$\\frac{1}{2}$", "The answer is $\\boxed{0.5}$.", True),
        ("$x <= 1$", "$-x >= -1$", True),
        ("$2$", "$\\frac{1+\\sqrt{5}}{2}$", False),
        ("$5$", "", False),
    ],
)
def test_verdicts(gold: str, output: str, equal: bool) -> None:
    assert ask(question(gold, output))[1] == {"equal": equal}


def test_a_bad_line_is_an_error_and_the_next_is_answered() -> None:
    answers = ask("no json", "[]", '{"gold": 1}', question("$5$", "5"))
    assert ["error" in answer for answer in answers[1:4]] == [True, True, True]
    assert answers[4] == {"equal": True}


def test_running_out_of_time_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> bool:
        logging.getLogger("math_verify.grader").warning("Timeout during comparison")
        return False

    monkeypatch.setattr(helper, "verify", slow)
    assert "out of time" in str(ask(question("$5$", "6"))[1]["error"])


def test_deep_nesting_is_survived() -> None:
    deep = "$" + "{" * 5000 + "1" + "}" * 5000 + "$"
    answers = ask(question("$1$", deep), question("$5$", "5"))
    assert answers[2] == {"equal": True}


def test_prints_of_libraries_do_not_reach_the_answers() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "assay_worker.math_verify_helper", str(4 << 30)],
        input=question("$5$", "$\\frac{5}{1}$") + "\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    ready, answer = (json.loads(line) for line in run.stdout.splitlines())
    assert ready.keys() == {"ready", "grammar"}
    assert answer == {"equal": True}


@pytest.mark.parametrize(
    ("library", "last_words"),
    [
        ("parse = verify = lambda *_, **__: False", "Math-Verify holds 4/2 and 2 for different"),
        ("def parse(*_, **__): raise ImportError('antlr4')\nverify = parse", "antlr4"),
        ("", "cannot import name 'parse' from 'math_verify'"),
    ],
)
def test_a_library_that_does_not_work_is_never_ready(
    tmp_path: Path, library: str, last_words: str
) -> None:
    (tmp_path / "math_verify.py").write_text(library)
    worker = Path(helper.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-m", "assay_worker.math_verify_helper", str(4 << 30)],
        input=question("$5$", "5") + "\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{worker}"},
    )
    assert run.returncode != 0
    assert run.stdout == ""
    assert last_words in run.stderr.splitlines()[-1]
