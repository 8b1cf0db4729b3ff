"""What a log shows of a build (tools/build_progress)."""

import subprocess
from pathlib import Path

BUILD = """ninja: Entering directory `build/release'
[1/4] Building CXX object a.o
[2/4] Building CXX object b.o
FAILED: b.o
b.cc:3:5: error: [3/4] is no statement
[3/4] Building CXX object c.o
[4/4] Linking CXX executable assay
ninja: build stopped: subcommand failed.
"""


def shown(seconds: int, lines: str = BUILD) -> list[str]:
    command = [str(Path(__file__).with_name("build_progress")), str(seconds)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_steps_are_counted_seldom_and_all_else_is_shown() -> None:
    assert shown(3600) == [
        "built 1 of 4 steps",
        "FAILED: b.o",
        "b.cc:3:5: error: [3/4] is no statement",
        "built 4 of 4 steps",
        "ninja: build stopped: subcommand failed.",
    ]


def test_every_step_is_shown_where_no_time_has_to_pass() -> None:
    counted = [line for line in shown(0) if line.startswith("built")]
    assert counted == [f"built {n} of 4 steps" for n in (1, 2, 3, 4)]


def test_a_build_with_nothing_to_do_says_nothing() -> None:
    assert shown(15, "ninja: Entering directory `build'\nninja: no work to do.\n") == []
