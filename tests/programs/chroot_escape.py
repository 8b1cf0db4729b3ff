# attack: the classic way out of a chroot
# expect: forbidden_call
import os

os.mkdir("/tmp/jail")
os.chroot("/tmp/jail")
for _ in range(100):
    os.chdir("..")
os.chroot(".")
