# attack: ends with exit code 0 before the test
# expect: runtime_error
# kind: script
import os

print("all tests passed")
os._exit(0)
# --- test ---
assert double(2) == 4
