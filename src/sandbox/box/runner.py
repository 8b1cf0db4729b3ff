"""Runs one graded program in a child of the zygote; see protocol.h for the descriptors and frames.

The program shares this interpreter, so nothing here is a secret from it. What keeps it honest is
outside: expected outputs never come in, and a script's end marker needs a nonce that is sent only
after the program's own text has run.
"""

from __future__ import annotations

import atexit
import builtins
import decimal
import fractions
import io
import json
import os
import random
import struct
import sys
import threading
import types
from typing import Any, NoReturn

RESULT_FD = 3
SOURCE_FD = 4
NONCE_BYTES = 32
MESSAGE_CHARS = 400
PROGRAM = "<program>"
TEST = "<test>"
SCALARS = frozenset({int, float, str, bool, type(None)})

_box: Any = None
# Kept from before the program, which may replace them in their modules.
_write = os.write
_exit = os._exit
_pack = struct.pack
_dumps = json.dumps
_builtins_before: dict[str, Any] = {}


class Unlike(Exception):
    """A value that equals nothing JSON can say."""


def prepare(box: Any) -> None:
    """In the zygote, once: whatever a child need not do is one page less for it to copy."""
    global _box
    _box = box
    _make_stdio()
    threading.main_thread()._native_id = 2  # type: ignore[attr-defined] # in its own pid namespace
    _builtins_before.update(builtins.__dict__)
    atexit._clear()  # what the warm modules registered is not the program's
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(0)


def run() -> NoReturn:
    """In the child: runs the job, sends its frames and ends the process."""
    job = json.loads(_read_all(SOURCE_FD))
    os.close(SOURCE_FD)
    random.seed(0)  # the same program gets the same numbers at every run
    if job["integer_digits"]:
        sys.set_int_max_str_digits(job["integer_digits"])
    try:
        {"stdin_stdout": _run_stdin, "function": _run_function, "script": _run_script}[job["kind"]](
            job
        )
    except MemoryError as error:
        _send_exception(error)
    except BaseException as error:  # noqa: BLE001 - SystemExit included: the test did not finish
        _send_exception(error)
    _flush()
    _exit(0)


def _run_stdin(job: dict[str, Any]) -> None:
    if "/dev/stdin" in job["source"]:
        _put_stdin_in_place()
    if job["main_thread_alone"]:
        # Reading from a descriptor lets another thread go on; from memory, as there, it does not.
        sys.stdin = sys.__stdin__ = io.TextIOWrapper(  # type: ignore[misc]
            io.BytesIO(_read_all(0)), "utf-8", "surrogateescape"
        )
    try:
        _run_source(job, _new_module("__main__"))
    except SystemExit:
        pass  # how many programs stop; the exit code says nothing about the answer
    if not job["main_thread_alone"]:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    _flush()
    _send(b"E", b"")
    if job["main_thread_alone"]:
        _exit(0)  # at once, because other threads may still be printing


def _run_function(job: dict[str, Any]) -> None:
    with open(0, "rb", closefd=False) as file:
        text = file.read().decode()
    arguments = [json.loads(line) for line in text.split("\n")] if text.strip() else []
    module = _new_module("solution")
    _run_source(job, module)
    owner = module
    if "class Solution" in job["source"] and hasattr(module, "Solution"):
        owner = module.Solution()
    value = getattr(owner, job["function"])(*arguments)
    _flush()
    sys.set_int_max_str_digits(0)
    try:
        text = _dumps(_plain(list(value) if isinstance(value, tuple) else value))
    except Unlike as error:
        _send(b"U", str(error).encode())
    else:
        _send(b"V", text.encode())


def _run_script(job: dict[str, Any]) -> None:
    # In locals, where a program that finds this module's globals does not reach. The test has names
    # and builtins of its own: neither what the program put into them, nor what it puts there while
    # the test calls it, is what the test finds.
    run, translate, send, receive, read = exec, compile, _send, _box.box_receive_fd, _read_all
    before = dict(_builtins_before)
    module = _new_module("__main__" if job["as_main"] else "solution")
    _run_source(job, module)
    send(b"L", b"")
    text = read(receive())
    sys.settrace(None)
    sys.setprofile(None)
    builtins.__dict__.update(before)
    names = {**module.__dict__, "__builtins__": dict(before)}
    run(translate(text[NONCE_BYTES:], TEST, "exec", dont_inherit=True), names)
    _flush()
    send(b"E", text[:NONCE_BYTES])


def _run_source(job: dict[str, Any], module: types.ModuleType) -> None:
    if job["preamble"]:
        code = compile(job["preamble"], "<preamble>", "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102
    code = compile(job["source"], PROGRAM, "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102 - running it is what this file is for


def _new_module(name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__["__builtins__"] = builtins
    sys.modules[name] = module
    sys.argv = ["program.py"]
    return module


def _make_stdio() -> None:
    """Streams over 0, 1 and 2, made while these are what a child will find there: a memory file
    and two pipes, so that all a stream keeps from its descriptor is right in the child.
    """
    before = [os.dup(fd) for fd in (0, 1, 2)]
    file = os.memfd_create("stdin")
    pipe = os.pipe()
    for fd, place in ((file, 0), (pipe[1], 1), (pipe[1], 2)):
        os.dup2(fd, place)
    sys.stdin = sys.__stdin__ = _text_stream(0, "r")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _text_stream(1, "w")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text_stream(2, "w")  # type: ignore[misc]
    for fd, place in zip(before, (0, 1, 2), strict=True):
        os.dup2(fd, place)
    for fd in (*before, file, *pipe):
        os.close(fd)


def _text_stream(fd: int, mode: str) -> Any:
    return open(fd, mode, 1 << 16, "utf-8", "surrogateescape", closefd=False)


def _put_stdin_in_place() -> None:
    """For programs that open it by name: /proc/self, where /dev/stdin leads, points to here."""
    os.makedirs("/tmp/.stdio/fd")
    with open("/tmp/.stdio/fd/0", "wb") as file:
        file.write(_read_all(0))


def _flush() -> None:
    for stream in (sys.stdout, sys.__stdout__):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - a closed or replaced stream is the program's choice
            pass


def _plain(value: Any) -> Any:
    """The value as json.dumps may say it, or Unlike where equality with JSON could not hold."""
    if type(value) in SCALARS or isinstance(value, (int, float, str)):
        return value
    if isinstance(value, list):
        if SCALARS.issuperset(map(type, value)):
            return value
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise Unlike("dict with keys that are not str")
        return {key: _plain(item) for key, item in value.items()}
    return _plain_number(value)


def _plain_number(value: Any) -> Any:
    """Numbers of other types that equal an int or a float."""
    if isinstance(value, (decimal.Decimal, fractions.Fraction)):
        for convert in (int, float):
            try:
                plain = convert(value)
            except (ValueError, OverflowError):
                continue
            if plain == value:
                return plain
    elif type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return _plain(value.item())
    raise Unlike(type(value).__name__)


def _send_exception(error: BaseException) -> None:
    line = 0
    in_test = False
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name in (PROGRAM, TEST):
            line = trace.tb_lineno
            in_test = name == TEST
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename in (PROGRAM, TEST):
        line = error.lineno or 0
    try:
        message = str(error)[:MESSAGE_CHARS]
    except BaseException:  # noqa: BLE001 - its __str__ is the program's code
        message = ""
    kind = "MemoryError" if isinstance(error, MemoryError) else type(error).__name__
    number = error.errno if isinstance(error, OSError) else None
    fields = {"type": kind, "message": message, "line": line, "in_test": in_test, "errno": number}
    error.__traceback__ = None  # lets go of the frames, and with them of the program's memory
    _send(b"X", _dumps(fields).encode())


def _send(kind: bytes, payload: bytes) -> None:
    data = memoryview(kind + _pack("=I", len(payload)) + payload)
    while data:
        data = data[_write(RESULT_FD, data) :]


def _read_all(fd: int) -> bytes:
    """A sealed file of ours, from its start."""
    size = os.fstat(fd).st_size
    parts = []
    offset = 0
    while offset < size:
        part = os.pread(fd, size - offset, offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
    return b"".join(parts)
