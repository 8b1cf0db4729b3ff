#!/usr/bin/env python3
"""Writes rows in MMLU-Pro's layout, made up of words that mean nothing.

    make_rows.py DIR COUNT    DIR/mmlu_pro/test.jsonl with COUNT rows, and validation.jsonl

Lengths are about those of the real ones: questions of some 300 characters, ten options, and five
exemplars a subject whose worked answers make prompts of some 5,000 characters.
"""

import json
import random
import sys
from pathlib import Path

SUBJECTS = (
    "biology",
    "business",
    "chemistry",
    "computer science",
    "economics",
    "engineering",
    "health",
    "history",
    "law",
    "math",
    "other",
    "philosophy",
    "physics",
    "psychology",
)
SYLLABLES = ("ba", "den", "fi", "gor", "hul", "jat", "kem", "lo", "mir", "nus", "pe", "rax", "sol")


def text(draw, length):
    words = []
    while length > 0:
        word = "".join(draw.choice(SYLLABLES) for _ in range(draw.randint(1, 4)))
        words.append(word)
        length -= len(word) + 1
    return " ".join(words)


def row(draw, number, subject, thought):
    answer = draw.randrange(10)
    return {
        "question_id": number,
        "question": text(draw, draw.randint(80, 520)) + "?",
        "options": [text(draw, draw.randint(10, 60)) for _ in range(10)],
        "answer": "ABCDEFGHIJ"[answer],
        "answer_index": answer,
        "cot_content": thought,
        "category": subject,
        "src": "made up",
    }


def main():
    folder, count = Path(sys.argv[1]) / "mmlu_pro", int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(17)
    with open(folder / "validation.jsonl", "w", encoding="utf-8") as file:
        for number in range(len(SUBJECTS) * 5):
            thought = f"A: Let's think step by step. {text(draw, 350)}. The answer is (A)."
            file.write(json.dumps(row(draw, number, SUBJECTS[number // 5], thought)) + "\n")
    with open(folder / "test.jsonl", "w", encoding="utf-8") as file:
        for number in range(count):
            subject = SUBJECTS[number % len(SUBJECTS)]
            file.write(json.dumps(row(draw, 1000 + number, subject, "")) + "\n")


if __name__ == "__main__":
    main()
