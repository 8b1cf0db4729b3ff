# attack: removes the mount that hides /proc
# expect: forbidden_call
import ctypes

ctypes.CDLL(None).umount2(b"/proc", 2)
