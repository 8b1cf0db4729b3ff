# attack: a small text that decompresses to gigabytes
# expect: memory_limit | time_limit
# limits: cpu_s=5 wall_s=20
import zlib

data = zlib.compress(bytes(64 << 20), 9)
print(len(zlib.decompress(data * 1)) + len(bytearray(zlib.decompress(data)) * 8))
