# attack: changes the interpreter the next program runs on
# expect: forbidden_call | runtime_error
import sys

open(sys.executable, "r+b").write(b"owned")
