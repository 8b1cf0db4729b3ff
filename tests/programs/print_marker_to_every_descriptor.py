# attack: writes an end marker to every descriptor
# expect: runtime_error
# kind: script
import os

for fd in range(64):
    try:
        os.write(fd, b"E\x20\x00\x00\x00" + b"0" * 32)
    except OSError:
        pass
os._exit(0)
# --- test ---
assert double(2) == 4
