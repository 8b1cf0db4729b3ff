# attack: ptrace on other processes
# expect: forbidden_call
import ctypes

ctypes.CDLL(None).ptrace(16, 1, 0, 0)
