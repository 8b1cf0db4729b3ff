# attack: swallows the failure at exit
# expect: wrong_answer
# kind: script
import atexit
import os

atexit.register(os._exit, 0)


def double(x):
    return 0
# --- test ---
assert double(2) == 4
