# attack: forks without end and ignores every refusal
# expect: time_limit
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
