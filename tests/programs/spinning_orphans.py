# attack: children nobody waits for compute while the parent sleeps
# expect: time_limit
# limits: wall_s=30
import os
import time

for _ in range(6):
    if os.fork() == 0:
        os.setsid()
        while True:
            pass
time.sleep(1000)
