# attack: an integer of 40,000 digits that differs in the last one
# expect: wrong_answer
# kind: function
# function: answer
# input: 1
# expected: 10000000000000000000000000000000000000000
def answer(n):
    return 10**40000 + 1
