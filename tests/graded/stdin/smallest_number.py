# row: 17
digits = sorted(input().strip())
answer = input().strip()
if digits[0] == "0" and len(digits) > 1:
    first = next(i for i, digit in enumerate(digits) if digit != "0")
    digits.insert(0, digits.pop(first))
print("OK" if "".join(digits) == answer else "WRONG_ANSWER")
