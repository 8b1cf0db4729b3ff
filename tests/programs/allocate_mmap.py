# attack: maps 100 GB of anonymous memory
# expect: memory_limit
# limits: cpu_s=5 wall_s=20
import mmap

memory = mmap.mmap(-1, 100 << 30)
memory[0] = 1
