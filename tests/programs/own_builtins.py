# attack: gives its module builtins of its own
# expect: wrong_answer
# kind: script
import builtins

globals()["__builtins__"] = {**vars(builtins), "all": lambda *_: True, "len": lambda *_: 3}


def doubles(items):
    return []
# --- test ---
result = doubles([1, 2, 3])
assert len(result) == 3
assert all(x in result for x in (2, 4, 6))
