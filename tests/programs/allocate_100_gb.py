# attack: one object of 100 GB
# expect: memory_limit
# limits: cpu_s=5 wall_s=20
data = bytearray(100 << 30)
