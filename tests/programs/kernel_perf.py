# attack: watches the machine through perf events
# expect: forbidden_call
import ctypes
import platform

number = {"x86_64": 298, "aarch64": 241}[platform.machine()]
ctypes.CDLL(None).syscall(number, None, 0, -1, -1, 0)
