# attack: a timer of the kernel that sends SIGKILL
# expect: runtime_error
# expected: right
import ctypes
import time

libc = ctypes.CDLL(None)
event = (ctypes.c_char * 64)()
ctypes.memmove(event, (ctypes.c_int * 4)(0, 0, 9, 0), 16)  # sigev_signo SIGKILL, SIGEV_SIGNAL
timer = ctypes.c_void_p()
assert libc.timer_create(1, event, ctypes.byref(timer)) == 0
times = (ctypes.c_long * 4)(0, 0, 0, 1000000)
assert libc.timer_settime(timer, 0, times, None) == 0
time.sleep(1)
print("right")
