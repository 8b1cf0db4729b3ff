# attack: none: the C library knows on which processor a program runs, as its area of sequences says
# expect: passed
# expected: True
import ctypes
import os

libc = ctypes.CDLL(None)
found = []
for processor in os.sched_getaffinity(0):
    os.sched_setaffinity(0, {processor})
    found.append(libc.sched_getcpu() == processor)
print(all(found))
