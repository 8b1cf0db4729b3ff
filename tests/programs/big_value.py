# attack: returns a value of 100 MB
# expect: output_limit | memory_limit
# kind: function
# function: answer
# input: 1
# expected: []
def answer(n):
    return "x" * (60 << 20)
