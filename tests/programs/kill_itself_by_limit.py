# attack: a CPU limit of its own, at which the kernel sends SIGKILL
# expect: runtime_error | time_limit
# expected: right
# limits: cpu_s=4 wall_s=20
import resource

resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
for _ in range(10**8):
    pass
print("right")
