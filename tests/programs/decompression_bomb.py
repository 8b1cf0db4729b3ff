# attack: a small text that decompresses to gigabytes
# expect: memory_limit
import zlib

data = zlib.compress(bytes(64 << 20), 9)
print(len(zlib.decompress(data * 1)) + len(bytearray(zlib.decompress(data)) * 8))
