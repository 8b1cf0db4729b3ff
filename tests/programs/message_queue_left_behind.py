# attack: leaves a message queue to the next program
# expect: forbidden_call
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
if libc.msgget(4711, 0o1666) < 0:
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
