# attack: goes on allocating after each MemoryError
# expect: time_limit | memory_limit
data = []
while True:
    try:
        data.append(bytearray(8 << 20))
    except MemoryError:
        data = data[:1]
