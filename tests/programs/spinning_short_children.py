# attack: children too short to be seen, and waited for by nobody, compute one after the other
# expect: time_limit
import os
import signal
import time

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    try:
        if os.fork() == 0:
            while time.process_time() < 0.02:
                pass
            os._exit(0)
    except BlockingIOError:
        time.sleep(0.01)
