# attack: opens a file by handle, around every mount
# expect: forbidden_call
import ctypes

ctypes.CDLL(None).open_by_handle_at(0, None, 0)
