# attack: calls the runner's own function for the end marker
# expect: runtime_error
# kind: script
import os
import sys

frame = sys._getframe()
while frame is not None:
    if "_send" in frame.f_globals:
        frame.f_globals["_send"](b"E", b"")
    frame = frame.f_back
os._exit(0)
# --- test ---
assert double(2) == 4
