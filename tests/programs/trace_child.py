# attack: traces its own child to change its system calls
# expect: forbidden_call | runtime_error
import ctypes
import os

if os.fork() == 0:
    ctypes.CDLL(None).ptrace(0, 0, 0, 0)
    os._exit(0)
_, status = os.wait()
raise SystemError("child ended by signal %d" % os.WTERMSIG(status))
