# attack: endless standard error
# expect: output_limit
import sys

while True:
    print("all work and no play", file=sys.stderr)
