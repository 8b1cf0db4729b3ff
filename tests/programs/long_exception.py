# attack: sends an exception of megabytes, made of as many values as fit
# expect: runtime_error
# kind: script
# limits: output_kb=16384
import os
import struct

payload = b"[" + b"[]," * 4_000_000 + b"[]]"
data = b"X" + struct.pack("=I", len(payload)) + payload
while data:
    data = data[os.write(3, data):]
os._exit(0)
# --- test ---
assert False
