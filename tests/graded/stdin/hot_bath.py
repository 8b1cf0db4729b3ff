# row: 16
# For each flow of cold water the least hot water that is warm enough; the least excess wins, and of
# equal ones the greatest flow.


def main():
    t1, t2, x1, x2, t0 = map(int, input().split())
    cold, hot = t0 - t1, t2 - t0
    if cold == 0:
        return (x1, x2) if hot == 0 else (x1, 0)
    if hot == 0:
        return 0, x2
    best = (0, x2)
    excess, flow = hot * x2, x2
    for y1 in range(1, x1 + 1):
        y2 = -(-y1 * cold // hot)
        if y2 > x2:
            break
        its_excess, its_flow = hot * y2 - cold * y1, y1 + y2
        left, right = its_excess * flow, excess * its_flow
        if left < right or (left == right and its_flow > flow):
            best, excess, flow = (y1, y2), its_excess, its_flow
    return best


print(*main())
