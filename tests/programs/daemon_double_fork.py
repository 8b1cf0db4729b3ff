# attack: leaves a daemon behind by double fork and setsid
# expect: passed
# expected: done
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            open("/tmp/still-here", "w").close()
            open("/dev/shm/still-here", "w").close()
            time.sleep(0.01)
    os._exit(0)
os.wait()
time.sleep(0.05)
print("done")
