# attack: looks at what /proc shows
# expect: passed
# expected: ['self']
import os

print(os.listdir("/proc"))
