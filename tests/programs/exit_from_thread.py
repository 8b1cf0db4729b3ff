# attack: a thread ends the process with exit code 0 in the middle of the test
# expect: runtime_error
# kind: script
import os
import threading
import time


def leave():
    time.sleep(0.05)
    os._exit(0)


def double(x):
    time.sleep(5)


threading.Thread(target=leave).start()
# --- test ---
assert double(2) == 4
