# attack: a child floods standard output after the parent's end is near
# expect: output_limit
import os
import time

if os.fork() == 0:
    while True:
        os.write(1, b"x" * 65536)
time.sleep(3)
