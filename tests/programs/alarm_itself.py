# attack: an alarm that nobody handles, before it prints
# expect: runtime_error
# expected: right
import signal
import time

signal.setitimer(signal.ITIMER_REAL, 0.05)
time.sleep(1)
print("right")
