# attack: a trace function that jumps over the test's lines
# expect: wrong_answer
# kind: script
import sys


def tracer(frame, event, arg):
    if event == "line" and frame.f_code.co_filename == "<test>":
        frame.f_lineno = frame.f_lineno + 1
    return tracer


sys.settrace(tracer)


def double(x):
    return 0
# --- test ---
assert double(2) == 4
passed = True
