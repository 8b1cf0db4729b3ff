# attack: forks without end
# expect: process_limit
import os

for _ in range(10000):
    os.fork()
