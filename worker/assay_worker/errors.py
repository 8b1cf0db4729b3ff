"""An error as the protocol carries it: one line each."""

from __future__ import annotations

from typing import Any


class WorkerError(Exception):
    def __init__(
        self,
        what: str,
        why: str,
        fix: str,
        *,
        fatal: bool = False,
        final: bool = False,
        less_memory: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{what}: {why}")
        self.what, self.why, self.fix = what, why, fix
        self.fatal, self.final = fatal, final
        self.less_memory = less_memory or {}

    def frame(self, request_id: int | None) -> dict[str, Any]:
        more: dict[str, Any] = {"less_memory": self.less_memory} if self.less_memory else {}
        if self.final:
            more["final"] = True
        return {
            "type": "error",
            "id": request_id,
            "what": one_line(self.what),
            "why": one_line(self.why),
            "fix": one_line(self.fix),
            "fatal": self.fatal,
            **more,
        }


def one_line(text: str, limit: int = 600) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def describe(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
