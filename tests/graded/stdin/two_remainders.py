# row: 19
# Whether the two remainders differ depends on x modulo a * b alone: prefix sums over one period.
from itertools import accumulate

for _ in range(int(input())):
    a, b, q = map(int, input().split())
    period = a * b
    before = [0, *accumulate((x % a % b) != (x % b % a) for x in range(period))]

    def count(x):
        return x // period * before[-1] + before[x % period]

    answers = []
    for _ in range(q):
        low, high = map(int, input().split())
        answers.append(count(high + 1) - count(low))
    print(*answers, sep="\n")
