# attack: leaves a file in the root folder
# expect: forbidden_call | runtime_error
open("/owned", "w").write("x")
