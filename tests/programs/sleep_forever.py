# attack: sleeps, using no CPU time
# expect: time_limit
# limits: wall_s=2
import time

time.sleep(1000)
