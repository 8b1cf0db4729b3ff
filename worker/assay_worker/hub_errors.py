"""What went wrong with the hub, told apart from huggingface_hub's exceptions and HTTP statuses."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass

# Environment variables that hold a token; their values must never be printed.
TOKEN_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN")


@dataclass(frozen=True)
class Problem:
    status: str  # gated, missing, rate_limited, offline, error
    message: str
    retry: bool = False
    retry_after_s: float | None = None


class NoSpace(Exception):
    """A download that the disk has no room for; its text says how much is missing."""


def hidden(text: str, token: str | None = None) -> str:
    """`text` in one line, without any token."""
    secrets = [os.environ.get(name, "").strip() for name in TOKEN_VARIABLES]
    for secret in [*secrets, token or ""]:
        if secret:
            text = text.replace(secret, "***")
    return " ".join(text.split())[:500]


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it: LocalEntryNotFoundError, for one, hides the real reason."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def class_names(error: BaseException) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}


def http_status(error: BaseException) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def retry_after_s(error: BaseException) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return None


def words(error: BaseException) -> str:
    """The server's own words where it sent some, else the library's."""
    server = getattr(error, "server_message", None)
    return hidden(server or str(error) or type(error).__name__)


def is_network(names: set[str], error: BaseException) -> bool:
    if names & {"TransportError", "ConnectionError", "Timeout", "ChunkedEncodingError"}:
        return True
    return isinstance(error, TimeoutError | ConnectionError)


def by_http_status(error: BaseException, status: int) -> Problem | None:
    if status == 429:
        return Problem("rate_limited", words(error), True, retry_after_s(error))
    if status >= 500:
        return Problem("offline", f"the hub answers {status}: {words(error)}", True)
    if status == 401:
        return Problem("error", f"the hub does not accept the token: {words(error)}")
    if status == 403:
        return Problem("gated", words(error))
    if status == 404:
        return Problem("missing", words(error))
    return None


def one(error: BaseException) -> Problem | None:
    """Nothing when this exception alone says too little."""
    names = class_names(error)
    if isinstance(error, NoSpace):
        return Problem("error", hidden(str(error)))
    if "GatedRepoError" in names:
        return Problem("gated", words(error))
    if "DisabledRepoError" in names:
        return Problem("missing", f"the hub has disabled it: {words(error)}")
    if "RevisionNotFoundError" in names:
        return Problem("missing", f"no such revision: {words(error)}")
    if "RepositoryNotFoundError" in names:
        return Problem("missing", f"missing, renamed, or private: {words(error)}")
    if "HFValidationError" in names:
        return Problem("missing", f"not the name of a repository: {words(error)}")
    if "OfflineModeIsEnabled" in names:
        return Problem("offline", "HF_HUB_OFFLINE is set, and it is not in the cache")
    status = http_status(error)
    if status is not None:
        return by_http_status(error, status)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES):
        return Problem("error", f"cannot write the cache: {words(error)}")
    if is_network(names, error):
        return Problem("offline", f"the hub cannot be reached: {words(error)}", True)
    return None


def classify(error: BaseException) -> Problem:
    for link in chain(error):
        problem = one(link)
        if problem is not None:
            return problem
    if class_names(error) & {"LocalEntryNotFoundError", "IncompleteSnapshotError"}:
        return Problem("offline", f"not whole in the cache: {words(error)}")
    return Problem("error", hidden(f"{type(error).__name__}: {error}"))
