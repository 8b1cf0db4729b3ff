# attack: many children, each below the limit of one process
# expect: memory_limit
# limits: cpu_s=5 wall_s=20
import os
import time

for _ in range(8):
    if os.fork() == 0:
        data = bytearray(b"x") * (100 << 20)
        time.sleep(5)
        os._exit(0)
time.sleep(5)
