# attack: leaves a file in /dev, which all programs share
# expect: forbidden_call | runtime_error
open("/dev/owned", "w").write("x")
