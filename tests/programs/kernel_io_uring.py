# attack: io_uring, which goes around system-call filters
# expect: forbidden_call
import ctypes

ctypes.CDLL(None).syscall(425, 8, None)
