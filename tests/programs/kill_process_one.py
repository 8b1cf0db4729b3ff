# attack: every signal to process 1 of its namespace, which is ours, in every way
# expect: passed
# expected: alive
import fcntl
import os
import signal
import time

descriptor = os.pidfd_open(1)
reader, writer = os.pipe()
fcntl.fcntl(reader, fcntl.F_SETOWN, 1)
fcntl.fcntl(reader, 10, 9)  # F_SETSIG, SIGKILL
fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC)
os.write(writer, b"x")
for number in range(1, 65):
    for send in (lambda n: os.kill(1, n), lambda n: signal.pidfd_send_signal(descriptor, n)):
        try:
            send(number)
        except OSError:
            pass
try:
    os.setpriority(os.PRIO_PROCESS, 1, 19)
    os.sched_setaffinity(1, {min(os.sched_getaffinity(0))})
except OSError:
    pass
time.sleep(0.2)
os.kill(1, 0)
print("alive")
