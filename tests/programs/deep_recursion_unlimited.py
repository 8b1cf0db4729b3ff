# attack: recursion without end and without the interpreter's guard
# expect: runtime_error | memory_limit | time_limit
import sys

sys.setrecursionlimit(1 << 30)


class Deep:
    def __repr__(self):
        return repr(self)


repr(Deep())
