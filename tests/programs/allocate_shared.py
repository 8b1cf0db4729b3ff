# attack: shared memory of many processes
# expect: memory_limit | output_limit
# limits: cpu_s=5 wall_s=20
import mmap
import os
import time

for _ in range(8):
    if os.fork() == 0:
        memory = mmap.mmap(-1, 120 << 20)
        for at in range(0, 120 << 20, 4096):
            memory[at] = 1
        time.sleep(5)
        os._exit(0)
for _ in range(8):
    os.wait()
