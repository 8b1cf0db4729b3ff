# row: 2
# Breadth first; all places of a digit are one step apart, so each digit is opened up once.
from collections import deque

digits = input().strip()
places = {}
for i, digit in enumerate(digits):
    places.setdefault(digit, []).append(i)
jumps = [-1] * len(digits)
jumps[0] = 0
queue = deque([0])
while queue:
    i = queue.popleft()
    for j in [i - 1, i + 1, *places.pop(digits[i], [])]:
        if 0 <= j < len(digits) and jumps[j] < 0:
            jumps[j] = jumps[i] + 1
            queue.append(j)
print(jumps[-1])
