# attack: grows a list without end
# expect: memory_limit
data = []
while True:
    data.append(bytearray(1 << 20))
