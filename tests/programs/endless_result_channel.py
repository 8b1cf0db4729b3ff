# attack: floods the channel the verdict comes through
# expect: output_limit | runtime_error
import os

while True:
    os.write(3, b"E" * 65536)
