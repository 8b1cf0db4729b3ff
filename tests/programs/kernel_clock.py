# attack: sets the clock
# expect: forbidden_call
import time

time.clock_settime(time.CLOCK_REALTIME, 0)
