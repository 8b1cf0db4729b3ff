# attack: grows a list without end
# expect: memory_limit
# limits: cpu_s=5 wall_s=20
data = []
while True:
    data.append(bytearray(1 << 20))
