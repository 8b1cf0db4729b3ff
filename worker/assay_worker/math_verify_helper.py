"""Math-Verify behind a pipe: one JSON object a line in, one a line out.

In:  {"gold": the gold answer between dollar signs, "output": the model's answer}; with "box": true
     the output is one box, and where that cannot be read nothing else of it is taken
Out: {"equal": bool} or {"error": text}; first of all {"ready": version, "grammar": {package:
version}}, which comes only once the library has decided a pair whose answer is known.

Math-Verify limits its time with SIGALRM, so that all work is done in the main thread. It takes
running out of time for "not equal" and only logs it; here that is no verdict, so that a busy
machine changes none.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TextIO

from math_verify import parse, verify

STEP_TIMEOUT_S = 8  # of one parse or one comparison; Math-Verify's own default is 5


class TimeoutNotes(logging.Handler):
    """Counts Math-Verify's messages about running out of time."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += record.getMessage().startswith("Timeout during")


NOTES = TimeoutNotes()
logging.getLogger("math_verify").addHandler(NOTES)


@cache
def box_alone() -> list[Any]:
    """Extraction of boxes and nothing else."""
    from math_verify import LatexExtractionConfig

    return [LatexExtractionConfig(try_extract_without_anchor=False)]


def equal(gold: str, output: str, box: bool = False) -> bool:
    """The gold answer against whatever Math-Verify extracts from the output."""
    NOTES.count = 0
    gold_readings = parse(gold, parsing_timeout=STEP_TIMEOUT_S)
    if box:
        readings = parse(output, box_alone(), parsing_timeout=STEP_TIMEOUT_S)
    else:
        readings = parse(output, parsing_timeout=STEP_TIMEOUT_S)
    same = bool(verify(gold_readings, readings, timeout_seconds=STEP_TIMEOUT_S))
    if NOTES.count and not same:
        raise TimeoutError("out of time")
    return same


def answer(line: str) -> dict[str, object]:
    try:
        question = json.loads(line)
        return {"equal": equal(question["gold"], question["output"], question.get("box", False))}
    except MemoryError:
        return {"error": "out of memory"}
    except RecursionError:
        return {"error": "too deeply nested"}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def grammar() -> dict[str, str]:
    """The packages that read LaTeX for the library: another version may read other answers."""
    versions = {}
    for name in ("latex2sympy2_extended", "antlr4-python3-runtime"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "unknown"
    return versions


def serve(questions: TextIO, answers: TextIO) -> None:
    greeting = {"ready": version("math-verify"), "grammar": grammar()}
    print(json.dumps(greeting), file=answers, flush=True)
    for line in questions:
        print(json.dumps(answer(line)), file=answers, flush=True)


def main() -> None:
    if len(sys.argv) > 1:
        limit = int(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # Nothing a library prints may get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if not equal("$2$", "$\\frac{4}{2}$"):
        sys.exit("Math-Verify holds 4/2 and 2 for different")
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
