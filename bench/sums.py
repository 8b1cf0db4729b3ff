"""One-step sums ("What is 348 + 1?") in GSM8K's layout, with answered ones to be shown before each:
rows that a very small model is right on more often than not, and made up here."""

import json
import random

SHOWN = 6  # answered sums before each question


def sums(count, seed):
    """A number of two or three digits and one; none twice."""
    numbers = random.Random(seed).sample(range(10, 1000), count)
    return [(f"What is {n} + 1?", n + 1) for n in numbers]


def write_rows(folder, count):
    folder.mkdir(parents=True)
    rows = sums(count + SHOWN, seed=19)
    # What is shown ends with the bare number, so that a very small model adds instead of copying.
    for name, part, mark in (("train", rows[:SHOWN], ""), ("test", rows[SHOWN:], "#### ")):
        lines = [json.dumps({"question": q, "answer": f"{mark}{n}"}) + "\n" for q, n in part]
        (folder / f"{name}.jsonl").write_text("".join(lines))
