# attack: clone3, whose arguments no filter can see
# expect: passed
# expected: refused
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
arguments = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)
answer = libc.syscall(435, arguments, 88)
print("refused" if answer == -1 and ctypes.get_errno() == 38 else answer)
