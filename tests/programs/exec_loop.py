# attack: replaces itself by itself without end
# expect: time_limit
import os
import sys

LOOP = "import os, sys; os.execv(sys.executable, [sys.executable, '-c', sys.argv[1], sys.argv[1]])"
os.execv(sys.executable, [sys.executable, "-c", LOOP, LOOP])
