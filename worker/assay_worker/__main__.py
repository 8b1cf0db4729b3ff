"""`python -m assay_worker --in-fd N --out-fd M [--ranks N] [--preload] [--read-ahead DIR]`: an
engine worker (docs/worker_protocol.md)."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from assay_worker import read_ahead
from assay_worker.engine import VllmEngine
from assay_worker.frames import FrameReader, FrameWriter
from assay_worker.processes import kill_descendants
from assay_worker.server import Server, close_politely


def main() -> int:
    parser = argparse.ArgumentParser(prog="assay_worker", description=__doc__)
    parser.add_argument("--in-fd", type=int, required=True, help="descriptor to read frames from")
    parser.add_argument("--out-fd", type=int, required=True, help="descriptor to write frames to")
    parser.add_argument("--ranks", type=int, default=1, help="processes the model is split over")
    parser.add_argument(
        "--preload", action="store_true", help="import the engine now: a `load` comes, sometime"
    )
    parser.add_argument(
        "--read-ahead", metavar="DIR", type=Path, help="bring this model's weights into memory"
    )
    options = parser.parse_args()
    for fd in (options.in_fd, options.out_fd):
        os.set_inheritable(fd, False)
    # Ctrl-C in a terminal reaches the worker too; what it means is assay's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, terminated)
    # Rendering happens in threads, and vLLM may start processes later.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    engine = VllmEngine(options.ranks)
    if options.read_ahead:
        read_ahead.begin(options.read_ahead)
    if options.preload:
        engine.preload()
    status = Server(FrameReader(options.in_fd), FrameWriter(options.out_fd), engine).run()
    close_politely(engine)
    return status


def terminated(*_: object) -> None:
    kill_descendants()
    os._exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # neither vLLM's threads nor its destructors are worth waiting for
