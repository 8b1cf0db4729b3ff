# attack: swallows the failure in the exception hook
# expect: wrong_answer
# kind: script
import os
import sys

sys.excepthook = lambda *_: os._exit(0)


def double(x):
    return 0
# --- test ---
assert double(2) == 4
