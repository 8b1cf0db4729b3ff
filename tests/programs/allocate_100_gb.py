# attack: one object of 100 GB
# expect: memory_limit
data = bytearray(100 << 30)
