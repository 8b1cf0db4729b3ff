# attack: abort(), before it prints
# expect: runtime_error
# expected: right
import os

os.abort()
print("right")
