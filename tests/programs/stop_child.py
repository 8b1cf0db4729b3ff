# attack: waits for a child that has stopped itself
# expect: time_limit
# limits: wall_s=2
import os
import signal

child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
os.waitpid(child, 0)
