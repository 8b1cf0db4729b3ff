"""Math-Verify behind a pipe: one JSON object a line in, one a line out.

In:  {"gold": the gold answer between dollar signs, "output": the model's answer}
Out: {"equal": bool} or {"error": text}; first of all {"ready": version}, which comes only once the
library has decided a pair whose answer is known.

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
from importlib.metadata import version
from typing import TextIO

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


def equal(gold: str, output: str) -> bool:
    """The gold answer against whatever Math-Verify extracts from the output."""
    NOTES.count = 0
    gold_readings = parse(gold, parsing_timeout=STEP_TIMEOUT_S)
    readings = parse(output, parsing_timeout=STEP_TIMEOUT_S)
    same = bool(verify(gold_readings, readings, timeout_seconds=STEP_TIMEOUT_S))
    if NOTES.count and not same:
        raise TimeoutError("out of time")
    return same


def answer(line: str) -> dict[str, object]:
    try:
        question = json.loads(line)
        return {"equal": equal(question["gold"], question["output"])}
    except MemoryError:
        return {"error": "out of memory"}
    except RecursionError:
        return {"error": "too deeply nested"}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def serve(questions: TextIO, answers: TextIO) -> None:
    print(json.dumps({"ready": version("math-verify")}), file=answers, flush=True)
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
