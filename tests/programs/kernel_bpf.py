# attack: loads a program into the kernel
# expect: forbidden_call
import ctypes
import platform

number = {"x86_64": 321, "aarch64": 280}[platform.machine()]
ctypes.CDLL(None).syscall(number, 0, None, 0)
