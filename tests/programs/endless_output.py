# attack: endless standard output
# expect: output_limit
while True:
    print("all work and no play")
