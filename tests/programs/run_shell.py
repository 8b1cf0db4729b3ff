# attack: runs a shell
# expect: runtime_error
import subprocess

subprocess.run(["/bin/sh", "-c", "id"], check=True)
