# attack: closes standard output and goes on
# expect: wrong_answer
# expected: 42
import sys

sys.stdout.close()
