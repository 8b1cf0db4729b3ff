# attack: one endless file
# expect: output_limit
with open("/tmp/big", "wb") as file:
    while True:
        file.write(bytes(1 << 16))
