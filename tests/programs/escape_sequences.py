# attack: terminal escapes meant for whoever prints the verdict
# expect: wrong_answer
# expected: 42
print("\x1b[2J\x1b]0;owned\x07 PASSED")
