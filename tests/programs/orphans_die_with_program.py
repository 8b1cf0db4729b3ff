# attack: a double fork leaves a process behind that ignores every signal
# expect: passed
# expected: done
import os
import signal
import time

if os.fork() == 0:
    if os.fork() == 0:
        for number in set(range(1, 32)) - {9, 19}:
            signal.signal(number, signal.SIG_IGN)
        os.setsid()
        time.sleep(60)
    os._exit(0)
os.wait()
print("done")
