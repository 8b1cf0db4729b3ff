# attack: starts interpreters without waiting for them
# expect: process_limit | memory_limit
# limits: cpu_s=10
import subprocess
import sys

children = []
for _ in range(1000):
    children.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"]))
