# attack: a child keeps standard output open and sleeps
# expect: passed
# expected: done
import os
import time

if os.fork() == 0:
    os.setsid()
    time.sleep(60)
    os._exit(0)
print("done")
