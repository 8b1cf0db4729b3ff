"""Every command that the documentation shows, run (tests/docs/run_commands.py)."""

import subprocess
import sys

from remote import ASSAY, ROOT


def test_documented_commands():
    done = subprocess.run([sys.executable, "-B", ROOT / "tests/docs/run_commands.py", ASSAY],
                          capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
