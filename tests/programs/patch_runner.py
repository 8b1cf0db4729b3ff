# attack: replaces what the runner uses: exec, compile, os, json
# expect: wrong_answer | runtime_error
# kind: script
import builtins
import json
import os
import sys

builtins.exec = lambda *_, **__: None
builtins.compile = lambda *_, **__: "pass"
json.dumps = lambda *_: '{"type": "passed"}'
sys.modules["json"] = None
frame = sys._getframe()
while frame is not None:
    if "_send" in frame.f_globals:
        frame.f_globals["exec"] = lambda *_, **__: None
        frame.f_globals["compile"] = lambda *_, **__: "pass"
    frame = frame.f_back


def double(x):
    return 0
# --- test ---
assert double(2) == 4
raise SystemExit
