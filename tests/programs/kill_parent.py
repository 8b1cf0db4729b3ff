# attack: a child sends its parent SIGKILL
# expect: runtime_error
# expected: right
import os
import signal
import time

if os.fork() == 0:
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(0)
time.sleep(1)
print("right")
