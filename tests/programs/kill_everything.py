# attack: SIGKILL to every process it may signal
# expect: runtime_error
import os
import signal

os.kill(-1, signal.SIGKILL)
