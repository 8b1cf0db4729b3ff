# attack: SIGKILL and SIGSTOP to every low process id
# expect: passed
# expected: 0
import os
import signal

hit = 0
for pid in range(3, 3000):
    for number in (signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(pid, number)
            hit += 1
        except OSError:
            pass
print(hit)
