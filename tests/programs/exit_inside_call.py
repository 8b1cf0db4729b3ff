# attack: ends with exit code 0 when the test calls it
# expect: runtime_error
# kind: script
import os


def double(x):
    os._exit(0)
# --- test ---
assert double(2) == 4
