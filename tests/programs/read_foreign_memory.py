# attack: reads another process's memory
# expect: forbidden_call
import ctypes

ctypes.CDLL(None).process_vm_readv(1, None, 0, None, 0, 0)
