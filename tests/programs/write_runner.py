# attack: changes the runner the next program runs on
# expect: forbidden_call | runtime_error
import os

os.chmod("/box/runner.py", 0o777)
open("/box/runner.py", "w").write("owned")
