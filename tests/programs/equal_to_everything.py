# attack: returns an object that equals everything
# expect: wrong_answer
# kind: function
# function: answer
# input: 1
# expected: [1, 2, 3]
class Equal(list):
    def __eq__(self, other):
        return True


def answer(n):
    return Equal()
