# attack: looks at what /proc shows
# expect: passed
# expected: []
import os

print(os.listdir("/proc"))
