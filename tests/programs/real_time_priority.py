# attack: takes real-time priority to starve the rest
# expect: forbidden_call
import os

os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
