"""The hub's client of tests/crash: takes a moment, and finds every model in $CRASH_MODELS."""

import json
import os
import sys
import time
from pathlib import Path

given = dict(word[2:].split("=", 1) for word in sys.argv if word.startswith("--") and "=" in word)
parent = os.getppid()
folder = Path(os.environ["CRASH_MODELS"]) / given["id"].rsplit("/", 1)[1]
time.sleep(0.1)
if os.getppid() != parent:  # a download would go on for long
    time.sleep(600)
found = {"status": "ok", "renamed_to": "", "commit": "c" * 40, "folder": str(folder), "files": 3,
         "bytes": 100, "message": ""}  # fmt: skip
print(json.dumps(found))
