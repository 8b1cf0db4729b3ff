# attack: puts another file where the result channel was
# expect: runtime_error
import os

print("42", flush=True)
os.dup2(os.open("/dev/null", os.O_WRONLY), 3)
