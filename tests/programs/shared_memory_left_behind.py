# attack: leaves a System V memory segment to the next program
# expect: forbidden_call
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
if libc.shmget(4711, 4096, 0o1666) < 0:
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
