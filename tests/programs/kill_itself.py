# attack: SIGKILL to itself, before it prints
# expect: runtime_error
# expected: right
import os
import signal

os.kill(os.getpid(), signal.SIGKILL)
print("right")
