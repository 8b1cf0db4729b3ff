# attack: swaps the root folder
# expect: forbidden_call
import ctypes
import platform

number = {"x86_64": 155, "aarch64": 41}[platform.machine()]
ctypes.CDLL(None).syscall(number, b"/tmp", b"/tmp")
