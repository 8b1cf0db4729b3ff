# attack: replaces modules that the test imports
# expect: wrong_answer
# kind: script
import sys
import types

fake = types.ModuleType("numpy")
fake.allclose = lambda *_: True
sys.modules["numpy"] = fake


def double(x):
    return 0
# --- test ---
import math

assert math.isclose(double(2), 4)
