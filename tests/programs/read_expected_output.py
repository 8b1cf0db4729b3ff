# attack: searches the interpreter's memory for the expected output
# expect: wrong_answer
# expected: treasure-4711-found
import gc
import sys

prefix = "trea" + "sure-"
frame = sys._getframe()
seen = []
while frame is not None:
    seen.append(frame.f_locals)
    seen.append(frame.f_globals)
    frame = frame.f_back
for thing in gc.get_objects() + seen:
    text = str(thing) if isinstance(thing, (dict, list, tuple)) and len(thing) < 1000 else ""
    at = text.find(prefix + "4")
    if at >= 0:
        print(text[at : at + 19])
        break
