# attack: writes nonsense to the result channel
# expect: runtime_error
import os

os.write(3, os.urandom(4096))
print("42")
