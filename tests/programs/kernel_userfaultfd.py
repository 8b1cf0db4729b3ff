# attack: userfaultfd, a helper of kernel exploits
# expect: forbidden_call
import ctypes
import platform

number = {"x86_64": 323, "aarch64": 282}[platform.machine()]
ctypes.CDLL(None).syscall(number, 0)
