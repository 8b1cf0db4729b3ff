# attack: the answer with NUL bytes in it
# expect: wrong_answer
# expected: 42
import os

os.write(1, b"4\x002\x00\n")
