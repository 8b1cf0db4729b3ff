# attack: looks for descriptors it was not given
# expect: passed
# expected: [0, 1, 2, 3]
import os

found = []
for fd in range(4096):
    try:
        os.fstat(fd)
        found.append(fd)
    except OSError:
        pass
print(found)
