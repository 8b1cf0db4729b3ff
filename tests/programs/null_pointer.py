# attack: reads address 0
# expect: runtime_error
import ctypes

ctypes.string_at(0)
