# attack: an exception that pretends to be a fault of the sandbox
# expect: runtime_error
class sandbox_fault(BaseException):
    errno = 4711


raise sandbox_fault("sandbox_fault \udcff\x00 retry me")
