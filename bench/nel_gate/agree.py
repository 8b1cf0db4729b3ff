"""Holds stats_sim's rule of `nel gate` against the gate of the installed package.

usage: stats_sim --nel-draws | python bench/nel_gate/agree.py
needs Python 3.12 and: pip install nemo-evaluator==0.3.0 scipy (in an environment of its own)

Every line on standard input is a data set and whether stats_sim takes it to pass. It is written as
two folders of results and given to the package's own gate_runs with a largest drop of 3 points. The
exit code is 1 when the two disagree anywhere.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from nemo_evaluator.config.gate_policy import GatePolicy
from nemo_evaluator.engine.gate import gate_runs

POLICY = GatePolicy.model_validate({"defaults": {"max_drop": 0.03, "metric": "mean_reward"}})


def rewards(n: int, to_wrong: int, to_right: int, candidate: bool) -> list[float]:
    """The items that flip stand first; every other one is right on both sides."""
    first = [0.0 if candidate else 1.0] * to_wrong + [1.0 if candidate else 0.0] * to_right
    return first + [1.0] * (n - to_wrong - to_right)


def write_benchmark(folder: Path, name: str, groups: list[list[float]], categories: bool) -> None:
    folder.mkdir(parents=True)
    lines = []
    for category, group in enumerate(groups):
        for reward in group:
            record: dict[str, object] = {"problem_idx": len(lines), "repeat": 0, "reward": reward}
            if categories:
                record["metadata"] = {"category": f"category {category}"}
            lines.append(json.dumps(record))
    (folder / "results.jsonl").write_text("\n".join(lines), encoding="utf-8")
    mean = sum(map(sum, groups)) / len(lines)
    bundle = {"benchmark": {"name": name, "scores": {"mean_reward": {"value": mean}}}}
    (folder / "eval-1.json").write_text(json.dumps(bundle), encoding="utf-8")


def passes(draw: dict, folder: Path) -> bool:
    tasks = list(zip(draw["items"], draw["to_wrong"], draw["to_right"], strict=True))
    for side in ("baseline", "candidate"):
        groups = [rewards(*task, candidate=side == "candidate") for task in tasks]
        if draw["categories"]:
            write_benchmark(folder / side / "one", "one", groups, categories=True)
            continue
        for i, group in enumerate(groups):
            write_benchmark(folder / side / str(i), f"task {i}", [group], categories=False)
    return gate_runs(folder / "baseline", folder / "candidate", POLICY).verdict == "GO"


def main() -> int:
    logging.disable(logging.WARNING)
    agreed = found = passed = 0
    for line in sys.stdin:
        draw = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            verdict = passes(draw, Path(folder))
        found += 1
        passed += verdict
        agreed += verdict == draw["passes"]
        if verdict != draw["passes"]:
            print("disagree:", line.strip())
    print(f"nemo-evaluator {version('nemo-evaluator')}: {agreed} of {found} agree, {passed} pass")
    return 0 if found > 0 and agreed == found else 1


if __name__ == "__main__":
    sys.exit(main())
