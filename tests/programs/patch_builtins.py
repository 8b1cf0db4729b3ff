# attack: replaces builtins that the test uses
# expect: wrong_answer
# kind: script
import builtins

builtins.all = lambda *_: True
builtins.len = lambda *_: 3
builtins.isinstance = lambda *_: True


def doubles(items):
    return []
# --- test ---
result = doubles([1, 2, 3])
assert len(result) == 3
assert all(x in result for x in (2, 4, 6))
