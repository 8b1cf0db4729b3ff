"""Python's collector of cycles, off while an engine loads.

A load makes millions of objects that stay: compiled code, graphs, weights. The collector walks
through all of them each time enough new ones were made, finds nothing, and in a fork copies each
page that it touches. What vLLM itself asks it to collect it collects all the same.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterator


@contextlib.contextmanager
def paused() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def pause_in_forks() -> None:
    """Of this process: each is to call resume(). What this process has imported stays, so neither
    looks at it again."""
    gc.collect()
    gc.freeze()
    os.register_at_fork(after_in_child=gc.disable)


def resume() -> None:
    gc.enable()
