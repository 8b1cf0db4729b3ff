# attack: computes without end
# expect: time_limit
while True:
    pass
