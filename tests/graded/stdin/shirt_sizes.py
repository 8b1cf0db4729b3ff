# row: 3
# Sizes of the old list that the new one has no use for must each be changed.
from collections import Counter

n = int(input())
old = Counter(input().strip() for _ in range(n))
new = Counter(input().strip() for _ in range(n))
print(sum((old - new).values()))
