"""`python -m assay_worker --in-fd N --out-fd M`: an engine worker (docs/worker_protocol.md)."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from assay_worker.engine import VllmEngine
from assay_worker.frames import FrameReader, FrameWriter
from assay_worker.processes import kill_descendants
from assay_worker.server import Server, close_politely


def main() -> int:
    parser = argparse.ArgumentParser(prog="assay_worker", description=__doc__)
    parser.add_argument("--in-fd", type=int, required=True, help="descriptor to read frames from")
    parser.add_argument("--out-fd", type=int, required=True, help="descriptor to write frames to")
    options = parser.parse_args()
    for fd in (options.in_fd, options.out_fd):
        os.set_inheritable(fd, False)
    # Ctrl-C in a terminal reaches the worker too; what it means is assay's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, terminated)
    # Rendering happens in threads, and vLLM may start processes later.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    engine = VllmEngine()
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
