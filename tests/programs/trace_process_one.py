# attack: reads the memory of process 1 of its namespace
# expect: passed
# expected: none
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
found = []
for path in ("/proc/1/mem", "/proc/1/maps", "/proc/1/environ", "/proc/1/fd"):
    if os.path.exists(path):
        found.append(path)
print(*(found or ["none"]))
