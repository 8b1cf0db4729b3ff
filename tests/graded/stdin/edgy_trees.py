# row: 9
# All sequences but those that stay inside one component of red edges.
import sys

MODULUS = 10**9 + 7


def main():
    numbers = iter(map(int, sys.stdin.read().split()))
    n, k = next(numbers), next(numbers)
    parent = list(range(n + 1))

    def root(v):
        while parent[v] != v:
            parent[v] = parent[parent[v]]
            v = parent[v]
        return v

    for _ in range(n - 1):
        u, v, black = next(numbers), next(numbers), next(numbers)
        if not black:
            parent[root(u)] = root(v)
    sizes = [0] * (n + 1)
    for v in range(1, n + 1):
        sizes[root(v)] += 1
    inside = sum(pow(size, k, MODULUS) for size in sizes if size)
    print((pow(n, k, MODULUS) - inside) % MODULUS)


main()
