# attack: SIGTERM to its process group, before it prints
# expect: runtime_error
# expected: right
import os
import signal

os.kill(0, signal.SIGTERM)
print("right")
