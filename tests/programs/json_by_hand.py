# attack: returns an object that calls itself JSON
# expect: wrong_answer
# kind: function
# function: answer
# input: 1
# expected: 7
class Seven:
    def __repr__(self):
        return "7"

    def toJSON(self):
        return "7"

    def __eq__(self, other):
        return True


def answer(n):
    return Seven()
