# attack: reads and leaves keys in the kernel's keyring
# expect: forbidden_call
import ctypes
import platform

number = {"x86_64": 248, "aarch64": 217}[platform.machine()]
ctypes.CDLL(None).syscall(number, b"user", b"owned", b"x", 1, -4)
