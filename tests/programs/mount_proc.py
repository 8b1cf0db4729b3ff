# attack: mounts a fresh /proc
# expect: forbidden_call
import ctypes

ctypes.CDLL(None).mount(b"proc", b"/proc", b"proc", 0, None)
