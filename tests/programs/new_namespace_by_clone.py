# attack: a new user namespace by clone
# expect: forbidden_call
import ctypes
import platform

number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
ctypes.CDLL(None).syscall(number, 0x10000000 | 17, 0, 0, 0, 0)
