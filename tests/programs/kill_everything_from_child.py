# attack: a child kills every process it may signal, its parent included
# expect: runtime_error
# expected: alive
import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    try:
        os.kill(-1, signal.SIGKILL)
    finally:
        os._exit(0)
time.sleep(0.2)
print("alive")
