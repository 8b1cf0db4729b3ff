# attack: a hard link to a file of ours
# expect: runtime_error | forbidden_call
import os

os.link("/box/runner.py", "/tmp/runner.py")
