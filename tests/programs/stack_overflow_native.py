# attack: overflows the C stack
# expect: runtime_error
import faulthandler

faulthandler._stack_overflow()
