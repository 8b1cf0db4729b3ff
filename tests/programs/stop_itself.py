# attack: SIGSTOP to itself, so that nobody notices its end
# expect: time_limit
# expected: still here
# limits: wall_s=2
import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
print("still here")
