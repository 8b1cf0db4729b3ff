# attack: fills /dev/shm
# expect: output_limit
number = 0
while True:
    with open(f"/dev/shm/{number}", "wb") as file:
        file.write(bytes(1 << 20))
    number += 1
