# attack: one line of 100 MB
# expect: output_limit | memory_limit
import sys

for _ in range(100):
    sys.stdout.write("x" * (1 << 20))
