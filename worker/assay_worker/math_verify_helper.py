"""Math-Verify behind a pipe: one JSON object a line in, one a line out.

In:  {"gold": the gold answer between dollar signs, "output": the model's answer}
Out: {"equal": bool} or {"error": text}; first of all {"ready": version}.

Math-Verify limits its time with SIGALRM, so that all work is done in the main thread.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from importlib.metadata import version
from typing import TextIO

from math_verify import parse, verify


def equal(gold: str, output: str) -> bool:
    """The gold answer against whatever Math-Verify extracts from the output."""
    return bool(verify(parse(gold), parse(output)))


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
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
