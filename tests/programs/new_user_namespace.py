# attack: becomes root in a new user namespace by unshare
# expect: forbidden_call
import ctypes

ctypes.CDLL(None).unshare(0x10000000)
