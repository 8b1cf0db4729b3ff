# attack: keeps process 1 of its namespace busy with calls that it has to note
# expect: passed | time_limit
# expected: done
# limits: cpu_s=3 wall_s=10
import os
import signal

for _ in range(20000):
    try:
        os.kill(30000, signal.SIGKILL)
    except ProcessLookupError:
        pass
print("done")
