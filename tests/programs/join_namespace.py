# attack: joins another namespace
# expect: forbidden_call
import ctypes

ctypes.CDLL(None).setns(0, 0)
