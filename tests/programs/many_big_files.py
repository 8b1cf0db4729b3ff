# attack: fills the small temporary file system with files below the limit
# expect: output_limit
number = 0
while True:
    with open(f"/tmp/{number}", "wb") as file:
        file.write(bytes(1 << 19))
    number += 1
