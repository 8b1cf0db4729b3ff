# attack: an object in the checker's place puts itself back when the test defines the checker
# expect: wrong_answer
# kind: script
class Returning:
    def __call__(self, *_):
        return None

    def __del__(self):
        globals()["check"] = lambda *_: None


check = Returning()


def doubles(items):
    globals()["check"] = lambda *_: None
    return []
# --- test ---
def check(candidate):
    assert candidate([1, 2, 3]) == [2, 4, 6]


check(doubles)
check(doubles)
