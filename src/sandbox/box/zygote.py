"""Warms an interpreter up, then turns into one graded program after the other.

Started inside the sandbox as `python3 zygote.py plain|numpy|scientific`. The library does the forking
(box.cc); this file only decides what every program finds already imported.
"""

from __future__ import annotations

import builtins
import ctypes
import gc
import importlib
import signal
import sys
import types

# What solutions import most: importing a module that is already there costs nothing.
PLAIN = (
    "abc", "array", "ast", "atexit", "base64", "bisect", "builtins", "calendar", "cmath",
    "collections", "contextlib", "copy", "ctypes", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "hashlib", "heapq", "inspect", "io", "itertools", "json", "math",
    "numbers", "operator", "os", "queue", "random", "re", "signal", "statistics", "string",
    "struct", "textwrap", "threading", "time", "traceback", "types", "typing", "weakref", "zlib",
)
SCIENTIFIC = (
    "numpy", "numpy.linalg", "numpy.random", "numpy.fft", "numpy.testing", "scipy", "scipy.linalg",
    "scipy.sparse", "scipy.sparse.linalg", "scipy.special", "scipy.integrate", "scipy.optimize",
    "scipy.interpolate", "scipy.signal", "scipy.stats", "scipy.spatial", "scipy.ndimage",
    "scipy.fft", "sympy", "h5py",
)


def load_runner() -> types.ModuleType:
    """Outside sys.modules and with builtins of its own: a program that patches either by habit
    changes nothing here. One that looks for the runner on purpose finds it; see docs/sandbox.md.
    """
    module = types.ModuleType("runner")
    module.__dict__["__builtins__"] = dict(vars(builtins))
    with open("/box/runner.py", encoding="utf-8") as file:
        exec(compile(file.read(), "/box/runner.py", "exec"), module.__dict__)  # noqa: S102
    return module


def main() -> int:
    extra = {"plain": (), "numpy": ("numpy",), "scientific": SCIENTIFIC}
    for name in PLAIN + extra[sys.argv[1]]:
        importlib.import_module(name)
    runner = load_runner()
    box = ctypes.PyDLL("/box/box.so")
    runner.prepare(box)
    sys.path.pop(0)  # /box, because the script is there
    gc.collect()
    gc.freeze()
    # An interrupt would wait here until a program runs, and for each of them anew.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if box.box_serve() != 0:
        return 1
    signal.signal(signal.SIGINT, signal.default_int_handler)
    runner.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
