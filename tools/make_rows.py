"""Writes data/livecodebench/test.jsonl: our own small problems in LiveCodeBench's layout.

Private tests are packed as the data set packs them (base64 of zlib of a pickle of JSON text).
Expected outputs come from the solutions here, so that they are right by construction. Run it after
changing a problem; the other rows in data/ are plain text and are edited by hand.
"""

import base64
import itertools
import json
import pickle
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Problem:
    """One problem: `solve` gets the stdin text, or the call's arguments."""

    id: str
    title: str
    text: str
    difficulty: str
    month: str
    solve: Callable[..., Any]
    public: list[Any]
    private: list[Any]
    function: str = ""
    starter_code: str = ""


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split()]


PROBLEMS = [
    Problem(
        "own_1",
        "Sum of two",
        "Read two whole numbers A and B from one line and print their sum.\n\n"
        "Sample Input 1:\n2 3\n\nSample Output 1:\n5",
        "easy",
        "2024-01",
        lambda text: str(sum(numbers(text))),
        ["2 3\n"],
        ["0 0\n", "-4 9\n", "1000000 1\n", "999999999999 1\n"],
    ),
    Problem(
        "own_2",
        "Greeting",
        'Read a name and print "Hello, NAME!" with that name.\n\n'
        "Sample Input 1:\nAda\n\nSample Output 1:\nHello, Ada!",
        "easy",
        "2024-02",
        lambda text: f"Hello, {text.strip()}!",
        ["Ada\n"],
        ["Bo\n", "Christopher\n"],
    ),
    Problem(
        "own_3",
        "Even or odd",
        'Read a whole number N. Print "even" if it is even and "odd" if not.\n\n'
        "Sample Input 1:\n4\n\nSample Output 1:\neven",
        "easy",
        "2024-03",
        lambda text: "odd" if int(text) % 2 else "even",
        ["4\n"],
        ["7\n", "0\n", "-3\n", "123456789\n"],
    ),
    Problem(
        "own_4",
        "Longest run",
        "The first line holds N, the second N whole numbers. Print the length of the longest run "
        "of equal neighbours.\n\nConstraints: 1 <= N <= 1000\n\n"
        "Sample Input 1:\n5\n1 1 2 2 2\n\nSample Output 1:\n3",
        "medium",
        "2024-04",
        lambda text: str(longest_run(numbers(text)[1:])),
        ["5\n1 1 2 2 2\n"],
        ["1\n9\n", "4\n1 2 3 4\n", "6\n7 7 7 7 7 7\n", "7\n1 1 2 2 2 1 1\n"],
    ),
    Problem(
        "own_5",
        "double",
        "Given a whole number n, return 2 * n.\n\nExample 1:\n\nInput: n = 3\nOutput: 6",
        "easy",
        "2024-05",
        lambda n: 2 * n,
        [[3]],
        [[0], [-8], [1000000]],
        "double",
        "class Solution:\n    def double(self, n: int) -> int:\n        ",
    ),
    Problem(
        "own_6",
        "keep-larger",
        "Given a list of whole numbers and a limit, return the numbers above the limit in their "
        "order.\n\nExample 1:\n\nInput: numbers = [1,5,3], limit = 2\nOutput: [5,3]",
        "medium",
        "2024-06",
        lambda values, limit: [v for v in values if v > limit],
        [[[1, 5, 3], 2]],
        [[[], 0], [[1, 2, 3], 3], [[9, -9, 9], 0]],
        "keepLarger",
        "class Solution:\n    def keepLarger(self, numbers: List[int], limit: int) -> List[int]:\n"
        "        ",
    ),
]


def longest_run(values: list[int]) -> int:
    best = run = 1
    for before, value in itertools.pairwise(values):
        run = run + 1 if value == before else 1
        best = max(best, run)
    return best


def test_case(problem: Problem, case: Any) -> dict[str, str]:
    if not problem.function:
        return {"input": case, "output": problem.solve(case) + "\n", "testtype": "stdin"}
    return {
        "input": "\n".join(json.dumps(argument) for argument in case),
        "output": json.dumps(problem.solve(*case)),
        "testtype": "functional",
    }


def pack(cases: list[dict[str, str]]) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(cases), 4), 9)).decode("ascii")


def row(problem: Problem) -> dict[str, str]:
    return {
        "question_title": problem.title,
        "question_content": problem.text,
        "platform": "leetcode" if problem.function else "atcoder",
        "question_id": problem.id,
        "contest_id": "own",
        "contest_date": f"{problem.month}-01T00:00:00",
        "starter_code": problem.starter_code,
        "difficulty": problem.difficulty,
        "public_test_cases": json.dumps([test_case(problem, case) for case in problem.public]),
        "private_test_cases": pack([test_case(problem, case) for case in problem.private]),
        "metadata": json.dumps({"func_name": problem.function} if problem.function else {}),
    }


def main() -> int:
    out = Path(__file__).resolve().parent.parent / "data" / "livecodebench" / "test.jsonl"
    out.write_text("".join(json.dumps(row(problem)) + "\n" for problem in PROBLEMS), "utf-8")
    print(f"{out}: {len(PROBLEMS)} problems")
    return 0


if __name__ == "__main__":
    sys.exit(main())
