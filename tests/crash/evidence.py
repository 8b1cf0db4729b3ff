"""What a run leaves: committed answers, what was asked, the report without times."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workload import Workload, fake_worker


@dataclass
class Committed:
    """Rows of a store, each with all its columns: answers by key, steps by what they answer."""

    answers: dict[str, str] = field(default_factory=dict)
    steps: dict[tuple[Any, ...], tuple[Any, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.answers)

    def missing_in(self, later: Committed) -> tuple[int, int]:
        """Rows that a later look no longer finds, and rows that it finds with another content."""
        lost = changed = 0
        for rows, now in ((self.answers, later.answers), (self.steps, later.steps)):
            for key, content in rows.items():
                lost += key not in now
                changed += key in now and now[key] != content
        return lost, changed


def read_committed(folder: Path) -> Committed:
    """What a reader beside the run sees; nothing where no table is yet."""
    out = Committed()
    if not (folder / "store.sqlite").exists():
        return out
    store = sqlite3.connect(f"file:{folder}/store.sqlite?mode=ro", uri=True, timeout=1)
    try:
        for key, load, body in store.execute("SELECT key, load, body FROM responses"):
            if '"finish_reason":"error"' not in body:  # set aside: the next run asks once more
                out.answers[key] = f"{load} {body}"
        for row in store.execute("SELECT * FROM steps"):
            out.steps[row[:6]] = row[6:8]
    except sqlite3.OperationalError as problem:
        if "no such table" not in str(problem):
            raise
        return Committed()
    finally:
        store.close()
    # Steps of answers that were set aside may change with them.
    out.steps = {k: v for k, v in out.steps.items() if v[0] in out.answers}
    return out


def read_copy(folder: Path, beside: Path) -> Committed:
    """What the store of a dead run holds; looked at in a copy, so that the next run opens what the
    dead one left."""
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for name in ("store.sqlite", "store.sqlite-wal", "store.sqlite-journal"):
        if (folder / name).exists():
            shutil.copyfile(folder / name, beside / name)
    if (beside / "store.sqlite").exists():
        store = sqlite3.connect(beside / "store.sqlite")
        whole = store.execute("PRAGMA integrity_check").fetchall()
        store.close()
        assert whole == [("ok",)], f"the store is damaged: {whole}"
    return read_committed(beside)


# ---------------------------------------------------------------- what was asked
@dataclass(frozen=True)
class Ask:
    at: float  # monotonic clock
    life: str  # of the engine that was asked
    who: str  # the model
    prompt: str


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_asked(log: Path, workload: Workload, since: float) -> list[Ask]:
    out = []
    if log.exists():
        for line in log.read_text().splitlines():
            ask = json.loads(line)
            out.append(Ask(ask["at"], ask["life"], ask["model"], ask["prompt"]))
    for who, state in workload.servers.items():
        with state.lock:
            seen = list(state.seen)
        for ask in seen:
            if ask["at"] >= since and "messages" in (ask["body"] or {}):
                prompt = text_digest(json.dumps(ask["body"]["messages"], sort_keys=True))
                out.append(Ask(ask["at"], "", who, prompt))
    return out


def prompts_of_answers(folder: Path, workload: Workload) -> dict[str, tuple[str, str]]:
    """Key of an answer: who is asked for it, and by which prompt. Of a finished run."""
    store = sqlite3.connect(f"file:{folder}/store.sqlite?mode=ro", uri=True)
    rendered = {key: json.loads(body) for key, body in store.execute(
        "SELECT key, body FROM rendered")}  # fmt: skip
    answers = {key: json.loads(body) for key, body in store.execute(
        "SELECT key, body FROM responses")}  # fmt: skip
    steps = store.execute("SELECT variant, task, item, repeat, purpose, step, response_key, "
                          "rendered_key FROM steps").fetchall()  # fmt: skip
    store.close()
    baseline = [step for step in steps if step[0] == workload.variants[0]]
    first = {step[1:4]: step[6] for step in baseline if step[4:6] == ("answer", 0)}
    canary = {step[2]: step[6] for step in baseline if step[4:6] == ("canary", 0)}
    out = {}
    for step in steps:
        variant, purpose, key, prompt = step[0], step[4], step[6], rendered[step[7]]
        who = workload.models["judge" if "judgement" in purpose else variant]
        if who in workload.servers:
            messages = json.loads(prompt["text"])["messages"]
            out[key] = (who, text_digest(json.dumps(messages, sort_keys=True)))
            continue
        lists = [entry["tokens"] for entry in prompt["scored"]] or [prompt["prompt_tokens"]]
        if "read_back" in purpose:
            lists = [prompt["prompt_tokens"] + answers[first[step[1:4]]]["token_ids"]]
        if (purpose, step[5]) == ("canary", 1):
            lists = [prompt["prompt_tokens"] + answers[canary[step[2]]]["token_ids"]]
        out[key] = (who, fake_worker.asked_digest(lists))
    return out


def asked_again(asks: list[Ask], looks: list[tuple[float, Committed]],
                prompts: dict[str, tuple[str, str]]) -> list[str]:  # fmt: skip
    """Answers that were committed when an engine's life (or an endpoint's run) began and that it
    was asked for all the same. `looks`: begin of each run, and what was committed then. Several
    answers may have one prompt (repeats), so it is counted by prompt."""
    wanted = Counter(prompts.values())
    lives: dict[tuple[int, str], Counter[tuple[str, str]]] = {}
    for ask in asks:
        run = max(i for i, (began, _) in enumerate(looks) if began <= ask.at)
        lives.setdefault((run, ask.life), Counter())[ask.who, ask.prompt] += 1
    out = []
    for (run, life), asked in lives.items():
        have = Counter(prompts[key] for key in looks[run][1].answers if key in prompts)
        for prompt, times in asked.items():
            if have[prompt] and times > wanted[prompt] - have[prompt]:
                out.append(f"run {run}, engine {life or 'server'}: {prompt} asked {times} times, "
                           f"{have[prompt]} of {wanted[prompt]} were committed")  # fmt: skip
            elif prompt not in wanted and life:
                out.append(f"run {run}: {prompt} was asked and belongs to no answer")
    return out


# ---------------------------------------------------------------- the report
# Times, what is counted by load, and what happened on the way.
VOLATILE = {
    "spent_s", "started_at", "ended_at", "loads", "load_s", "work_s", "generated_tokens",
    "prompt_tokens", "tokens_per_s", "load", "energy_j", "events", "by_in_flight", "at_s",
}  # fmt: skip


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in VOLATILE}
    if not isinstance(value, list):
        return value
    flags = (isinstance(v, dict) and v.get("name") == "several loads" for v in value)
    return [without_times(v) for v, flag in zip(value, flags, strict=True) if not flag]


def read_report(folder: Path) -> dict[str, Any]:
    return without_times(json.loads((folder / "results.json").read_text()))


def differences(one: Any, other: Any, at: str = "") -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(set(one) | set(other))
        return [d for k in keys for d in differences(one.get(k), other.get(k), f"{at}/{k}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for i, pair in pairs for d in differences(*pair, f"{at}/{i}")]
    return [] if one == other else [f"{at}: {str(one)[:120]} became {str(other)[:120]}"]


def files_in(folder: Path) -> set[str]:
    """Names of all files below, without the times in them and without what SQLite keeps beside."""
    names = {re.sub(r"_2\d{3}-[-\dT]+(?=\.json)", "_TIME", str(path.relative_to(folder)))
             for path in folder.rglob("*") if not path.is_dir()}  # fmt: skip
    return {name for name in names if not name.endswith(("-wal", "-shm"))}
