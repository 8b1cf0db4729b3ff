"""Why a rank failed, told to the worker: vLLM itself says only that its engine core did not start.

A rank of its own process logs its exception where the worker does not see it. Its log is watched
there (engine_facts.RANK_LOG), and what it raised is written to a file that the worker names in the
environment before it loads. No error, no file.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import uuid

from assay_worker.errors import describe

VARIABLE = "ASSAY_RANK_ERRORS"


def expect_errors() -> None:
    """In the worker, before a load: ranks inherit the file's name."""
    forget_errors()
    os.environ[VARIABLE] = os.path.join(tempfile.gettempdir(), f"assay_rank.{uuid.uuid4().hex}")


def note_error(record: logging.LogRecord) -> None:
    """In a rank: the exception a log record carries."""
    path = os.environ.get(VARIABLE)
    error = record.exc_info[1] if record.exc_info else None
    if path is None or error is None or record.levelno < logging.ERROR:
        return
    with contextlib.suppress(OSError), open(path, "a") as file:
        file.write(describe(error) + "\n")


def errors() -> list[str]:
    """In the worker: what was raised, in its order."""
    try:
        with open(os.environ[VARIABLE]) as file:
            return [line.strip() for line in file if line.strip()]
    except (KeyError, OSError):
        return []


def first_error() -> str:
    """What was raised first, for the others follow from it; empty if nothing was."""
    return next(iter(errors()), "")


def forget_errors() -> None:
    with contextlib.suppress(KeyError, OSError):
        os.unlink(os.environ.pop(VARIABLE))
