"""A model's weights into the page cache, while the worker imports and waits for its turn.

A load then reads them from memory: of a 32B model in BF16 these are 65 GB. One
`posix_fadvise(WILLNEED)` a file would not do it, for Linux reads no more at once than the disk's
largest request, a few megabytes.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

PIECE_BYTES = 8 << 20
READERS = 4  # one alone does not fill the queue of a fast or of a far disk


def weight_files(folder: Path) -> list[Path]:
    """What vLLM would read: safetensors where there are any."""
    for pattern in ("*.safetensors", "*.bin", "*.pt"):
        if files := sorted(folder.glob(pattern)):
            return files
    return []


def available_bytes() -> int:
    """Of memory, the page cache that can be given up included."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def begin(folder: Path) -> list[threading.Thread]:
    """Reads beside the caller and returns the readers, which end with the process. Nothing is read
    where the weights do not fit into memory: the last would throw out the first. A file that cannot
    be read is the load's to tell."""
    files = weight_files(folder)
    if sum(file.stat().st_size for file in files) > available_bytes():
        return []
    waiting: SimpleQueue[Path] = SimpleQueue()
    for file in files:
        waiting.put(file)
    readers = [
        threading.Thread(target=_read, args=(waiting,), name="read-ahead", daemon=True)
        for _ in range(min(READERS, len(files)))
    ]
    for reader in readers:
        reader.start()
    return readers


def _read(waiting: SimpleQueue[Path]) -> None:
    piece = bytearray(PIECE_BYTES)
    with suppress(Empty):
        while True:
            with suppress(OSError), waiting.get_nowait().open("rb", buffering=0) as file:
                while file.readinto(piece):
                    pass
