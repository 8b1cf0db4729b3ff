# attack: lets the fault handler end the process later, before the test ends
# expect: runtime_error
# kind: script
# limits: wall_s=20
import faulthandler

faulthandler.dump_traceback_later(0.1, exit=True)


def double(x):
    while True:
        pass
# --- test ---
assert double(2) == 4
