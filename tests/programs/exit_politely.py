# attack: SystemExit(0) before the test
# expect: runtime_error
# kind: script
import sys

sys.exit(0)
# --- test ---
assert double(2) == 4
