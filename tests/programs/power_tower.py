# attack: an integer that fits in no memory
# expect: time_limit | memory_limit
value = 9**9
print(value**value)
