# attack: a symbolic link to a file outside
# expect: runtime_error
import os

os.symlink("/etc/shadow", "/tmp/answer")
print(open("/tmp/answer").read())
