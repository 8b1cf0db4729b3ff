# attack: runs a program that is in no file system
# expect: forbidden_call
import os

fd = os.memfd_create("program")
os.write(fd, b"#!/bin/sh\necho owned\n")
os.execve(fd, ["program"], {})
