"""A terminal, as far as the program uses one: carriage return, line feed, erase to the end of the
line, colours. Anything else is an error, so nothing on it is guessed."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

ESCAPE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")
BEGUN_ESCAPE = re.compile(r"\x1b(\[[0-9;]*)?")


def cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


class Screen:
    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.rows = [""]  # as they stand, scrolled away ones too
        self.line: list[str] = []  # the last of them, cell by cell; "": the right half of a wide one
        self.at = 0  # the cursor's cell
        self.drawn: list[str] = []  # each state of a line before something else took its place
        self.wrapped: list[str] = []  # rows that went on in the next one
        self.colours: set[str] = set()
        self.held = ""  # the beginning of an escape whose end is still to come

    def feed(self, text: str) -> None:
        text, self.held = self.held + text, ""
        while text:
            if BEGUN_ESCAPE.fullmatch(text):
                self.held = text
                return
            if text[0] == "\x1b":
                found = ESCAPE.match(text)
                assert found, f"an escape that no terminal line needs: {text[:20]!r}"
                self.escape(found[1], found[2])
                text = text[found.end() :]
                continue
            self.put(text[0])
            text = text[1:]

    def escape(self, numbers: str, command: str) -> None:
        assert command in "Km", f"an escape that no terminal line needs: {numbers}{command}"
        if command == "m":
            self.colours.add(numbers)
        else:
            self.line = self.line[: self.at]
            self.rows[-1] = "".join(self.line)

    def begin_row(self) -> None:
        self.rows.append("")
        self.line, self.at = [], 0

    def put(self, char: str) -> None:
        if char in "\r\n":
            if self.rows[-1] and self.drawn[-1:] != [self.rows[-1]]:
                self.drawn.append(self.rows[-1])
            if char == "\n":
                self.begin_row()
            self.at = 0
            return
        if char == "\b":  # what a terminal makes of the key that takes back
            self.at = max(0, self.at - 1)
            return
        width = cells(char)
        if self.at + width > self.columns:  # a wide one needs both cells in one row
            self.wrapped.append(self.rows[-1])
            self.begin_row()
        self.line += [" "] * (self.at + width - len(self.line))
        assert self.line[self.at] != "", f"half of a wide character is drawn over: {self.rows[-1]}"
        self.line[self.at : self.at + width] = [char, ""][:width]
        self.rows[-1] = "".join(self.line)
        self.at += width


def on_terminal(
    command: list[str],
    columns: int,
    env: dict[str, str],
    folder: Path,
    watch: Callable[[Screen, subprocess.Popen[bytes]], None] = lambda screen, child: None,
    typed: Iterable[tuple[str, str]] = (),
) -> tuple[int, Screen]:
    """Runs it on a terminal of so many columns; `watch` sees the screen after each output. `typed`:
    what the last row must match, and the keys that are pressed then; each once, one by one."""
    keys = list(typed)
    screen = Screen(columns)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    child = subprocess.Popen(  # a session on this terminal: Ctrl-C is a signal there
        ["setsid", "--ctty", *command], cwd=folder, env={**env, "TERM": env.get("TERM", "xterm")}, stdin=theirs,
        stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    kept = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not data:
            break
        kept += data
        text = kept.decode("utf-8", errors="ignore")
        kept = kept[len(text.encode()) :]
        screen.feed(text)
        watch(screen, child)
        if keys and re.search(keys[0][0], screen.rows[-1]):
            os.write(ours, keys.pop(0)[1].encode())
    os.close(ours)
    assert not keys, f"never asked for: {keys}, {screen.rows}"
    return child.wait(), screen
