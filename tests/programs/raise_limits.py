# attack: lifts its own limits first
# expect: runtime_error | forbidden_call
import resource

resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
data = bytearray(1 << 30)
