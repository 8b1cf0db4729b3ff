# attack: writes into the system
# expect: forbidden_call | runtime_error
open("/usr/lib/owned", "w").write("x")
