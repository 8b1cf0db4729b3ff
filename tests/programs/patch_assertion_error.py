# attack: replaces AssertionError by something harmless
# expect: wrong_answer
# kind: script
import builtins

builtins.AssertionError = StopIteration
AssertionError = StopIteration


def double(x):
    return 0
# --- test ---
assert double(2) == 4
