# attack: replaces builtins while the test calls it
# expect: wrong_answer
# kind: script
import builtins


def doubles(items):
    builtins.all = lambda *_: True
    builtins.len = lambda *_: 3
    globals()["__builtins__"] = {"all": lambda *_: True, "len": lambda *_: 3}
    return []
# --- test ---
result = doubles([1, 2, 3])
assert len(result) == 3
assert all(x in result for x in (2, 4, 6))
