# attack: reboots the machine
# expect: forbidden_call
import ctypes

ctypes.CDLL(None).reboot(0x1234567)
