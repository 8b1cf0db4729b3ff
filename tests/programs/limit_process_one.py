# attack: a CPU limit for process 1 of its namespace, so that the kernel kills it
# expect: forbidden_call
import resource

resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))
