"""`python -m assay_worker.hub_look --limit-s S [--sizes] < QUESTIONS`: what the hub has, nothing
fetched.

QUESTIONS is a JSON list of {kind, id, revision, allow, asked}: as for hub.py, and of a model the
plan's `dtype` and `quantization`. They are asked side by side, each once. What the hub does not
answer is looked up in the cache. One JSON object goes to standard output, within the limit:

    endpoint    the hub's address
    reachable   whether it answers at all; `why` not
    date_s      its clock, seconds since 1970, from a reply's Date; null: not said
    cache       the folder that downloads go to
    bytes_to_fetch  of all questions together: a content that several of them want counts once
    found       in the questions' order: hub.py's object and
                  online          the hub said so, not the cache
                  gated           its terms must be accepted
                  bytes_to_fetch  of its files, what the cache lacks
                  whole           a fetch would bring nothing, change nothing and give this object
                  needs           of a model: checkpoint_needs.py; null: not known

With --sizes neither the hub's clock is asked for nor any file's content: each question costs the
hub one description, and one look at a file where it is gated.

Exit code 0 whenever such an object was printed.
"""

from __future__ import annotations

import argparse
import contextlib
import email.utils
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assay_worker.checkpoint_needs import needs_of_folder, needs_of_hub
from assay_worker.hub import (
    Answer,
    Retry,
    found_whole,
    missing_contents,
    offline_wanted,
    resolve_online,
    set_problem,
    work,
)
from assay_worker.hub_errors import classify, hidden

ONCE = Retry(tries=1)
CALL_LIMIT_S = 8.0
SETTLE_S = 1.0  # of the limit, for putting the answer together
NOT_IN_TIME = "the hub did not answer in time"


@dataclass
class Question:
    """One of QUESTIONS, and what is found of it: filled in as it goes, so that what is known by the
    limit is there."""

    asked: dict[str, Any]
    found: dict[str, Any]
    missing: dict[str, int] = field(default_factory=dict)  # hub.missing_contents


def look(question: Question, *, sizes_alone: bool) -> None:
    asked, found = question.asked, question.found
    answer = Answer(asked["id"], asked["kind"], asked.get("revision", ""))
    allow = asked.get("allow", [])
    if not offline_wanted(False):
        try:
            online(answer, allow, question, sizes_alone=sizes_alone)
        except Exception as error:  # whatever the client raises becomes a status
            set_problem(answer, classify(error))
    if not found["online"] and answer.status in ("ok", "offline"):
        cached = Answer(answer.id, answer.kind, answer.revision)
        work("resolve", cached, allow, offline=True, retry=ONCE)
        if cached.status == "ok":
            cached.message, answer = answer.message, cached
            found["whole"] = offline_wanted(False)
            if answer.kind == "model" and not sizes_alone:
                found["needs"] = needs_of_folder(Path(answer.folder), asked.get("asked", {}))
        elif answer.status == "ok":
            answer = cached
    answer.message = hidden(answer.message)
    found.update(asdict(answer))


def online(answer: Answer, allow: list[str], question: Question, *, sizes_alone: bool) -> None:
    found = question.found

    def described(info: Any) -> None:
        found["online"], found["gated"] = True, bool(info.gated)

    files = resolve_online(answer, allow, ONCE, described)
    question.missing.update(missing_contents(answer, files))
    found["bytes_to_fetch"] = sum(question.missing.values())
    if answer.status in ("ok", "renamed") and not question.missing:
        found["whole"] = found_whole(answer, allow)
    if answer.kind == "model" and "config.json" in files and not sizes_alone:
        config = config_of(answer)
        if config is not None:
            sizes = {name: file.size for name, file in files.items()}
            found["needs"] = needs_of_hub(config, sizes, question.asked.get("asked", {}))


def config_of(answer: Answer) -> dict[str, Any] | None:
    """Read past the cache: a folder in it that holds one file would look like the model."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session

    url = hf_hub_url(answer.renamed_to or answer.id, "config.json", revision=answer.commit)
    try:
        reply = get_session().get(url, headers=build_hf_headers(), timeout=CALL_LIMIT_S)
        value = reply.json() if reply.status_code == 200 else None
    except Exception:  # not needed to know whether it is there
        return None
    return value if isinstance(value, dict) else None


def greet(endpoint: str, found: dict[str, Any]) -> None:
    """Whether the hub answers, and its clock. A wrong clock here makes TLS fail: then it is asked
    without."""
    plain = urlsplit(endpoint)._replace(scheme="http").geturl()
    for address in dict.fromkeys((endpoint, plain)):
        try:
            request = urllib.request.Request(address, method="HEAD")
            with urllib.request.urlopen(request, timeout=CALL_LIMIT_S) as reply:
                date = reply.headers.get("Date")
        except urllib.error.HTTPError as error:  # an answer all the same
            date = error.headers.get("Date")
        except Exception as error:
            found["why"] = found["why"] or hidden(str(getattr(error, "reason", error)))
            continue
        found["reachable"] = found["reachable"] or address == endpoint
        with contextlib.suppress(TypeError, ValueError):
            found["date_s"] = email.utils.parsedate_to_datetime(date).timestamp()
        return


def cache_folder() -> str:
    try:
        from huggingface_hub.constants import HF_HUB_CACHE
    except ImportError:
        return ""
    return str(Path(HF_HUB_CACHE).absolute())


def ask(rows: list[dict[str, Any]], limit_s: float, *, sizes_alone: bool) -> dict[str, Any]:
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    result: dict[str, Any] = {
        "endpoint": endpoint,
        "reachable": False,
        "why": "",
        "date_s": None,
        "cache": cache_folder(),
        "found": [
            {
                **asdict(Answer(row["id"], row["kind"], row.get("revision", ""), "offline")),
                "message": NOT_IN_TIME,
                "online": False,
                "gated": False,
                "bytes_to_fetch": 0,
                "whole": False,
                "needs": None,
            }
            for row in rows
        ],
    }
    questions = [Question(row, found) for row, found in zip(rows, result["found"], strict=True)]
    threads = [
        threading.Thread(target=look, args=(q,), kwargs={"sizes_alone": sizes_alone}, daemon=True)
        for q in questions
    ]
    if offline_wanted(False):
        result["why"] = "HF_HUB_OFFLINE is set"
    elif not sizes_alone:
        threads.append(threading.Thread(target=greet, args=(endpoint, result), daemon=True))
    until = time.monotonic() + limit_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    # Copies: a thread that is late must not change what is being added up and written.
    missing: dict[str, int] = {}
    for question in questions:
        missing.update(dict(question.missing))
    whole: dict[str, Any] = json.loads(json.dumps(result))
    whole["bytes_to_fetch"] = sum(missing.values())
    whole["reachable"] = whole["reachable"] or any(found["online"] for found in whole["found"])
    if not whole["reachable"] and not whole["why"]:
        whole["why"] = NOT_IN_TIME
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m assay_worker.hub_look")
    parser.add_argument("--limit-s", type=float, default=30.0)
    parser.add_argument("--sizes", action="store_true")
    options = parser.parse_args(arguments)
    out = os.dup(1)
    with contextlib.redirect_stdout(sys.stderr):  # the client may print
        limit_s = max(SETTLE_S, options.limit_s - SETTLE_S)
        result = ask(json.load(sys.stdin), limit_s, sizes_alone=options.sizes)
    with os.fdopen(out, "w") as stream:
        stream.write(json.dumps(result) + "\n")
    sys.stderr.flush()
    os._exit(0)  # threads that wait for a dead network are not waited for


if __name__ == "__main__":
    sys.exit(main())
