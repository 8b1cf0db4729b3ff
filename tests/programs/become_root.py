# attack: setuid(0)
# expect: forbidden_call
import os

os.setuid(0)
