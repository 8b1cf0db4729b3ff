# attack: forks without end and ignores every refusal
# Which limit it meets first depends on how many of its processes run at a time.
# expect: time_limit | memory_limit
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
