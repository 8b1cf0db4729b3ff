# attack: events of a pipe are to come as SIGKILL
# expect: runtime_error
# expected: right
import fcntl
import os
import time

reader, writer = os.pipe()
fcntl.fcntl(reader, fcntl.F_SETOWN, os.getpid())
fcntl.fcntl(reader, 10, 9)  # F_SETSIG, SIGKILL
fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC)
os.write(writer, b"x")
time.sleep(1)
print("right")
