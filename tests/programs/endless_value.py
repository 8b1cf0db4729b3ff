# attack: returns a list that contains itself
# expect: runtime_error
# kind: function
# function: answer
# input: 1
# expected: []
def answer(n):
    items = []
    items.append(items)
    return items
