# attack: returns NaN where NaN is expected, which equals nothing
# expect: wrong_answer
# kind: function
# function: answer
# input: 1
# expected: NaN
def answer(n):
    return float("nan")
