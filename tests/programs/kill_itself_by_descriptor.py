# attack: SIGKILL to itself through a descriptor of its process
# expect: runtime_error
# expected: right
import os
import signal

signal.pidfd_send_signal(os.pidfd_open(os.getpid()), signal.SIGKILL)
print("right")
