"""Notices that the engine core, a process of its own, has ended without a word: killed, say, for
want of memory, or by a fault in a kernel.

vLLM (0.32.0) sees it too, closes its side, and leaves whoever waits for the next step to wait for
ever. This wakes it. Where vLLM is laid out otherwise nothing is watched, and assay's own limit on
steps ends the wait.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from typing import Any

from assay_worker.vllm_releases import CoreClient, core_client

EVERY_S = 1.0


class CoreWatch:
    def __init__(self, core: Any, every_s: float = EVERY_S) -> None:
        self.why = ""  # it ended; empty: it has not, or nobody knows
        client = core_client(core)
        if client is None:
            return
        threading.Thread(
            target=self._watch, args=(client, every_s), name="watch core", daemon=True
        ).start()

    def _watch(self, client: CoreClient, every_s: float) -> None:
        while not client.ended():
            time.sleep(every_s)
        self.why = how_it_ended(client.exit_codes())
        client.answers.put_nowait(RuntimeError(self.why or "the engine core has ended"))


def how_it_ended(codes: Mapping[str, int]) -> str:
    """`codes`: exit codes of the processes that have ended, by their names."""
    words = []
    for name, code in codes.items():
        how = f"exit code {code}"
        if code < 0:
            how = f"killed by {signal.Signals(-code).name}"
        if code == -signal.SIGKILL:
            how += " (for want of memory, perhaps: `dmesg` tells)"
        words.append(f"the process {name} ended: {how}")
    return "; ".join(words)
