# attack: announces a frame of 4 GB
# expect: runtime_error
import os

os.write(3, b"E\xff\xff\xff\xff" + b"x" * 100)
print("42")
