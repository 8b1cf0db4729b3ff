# attack: maps 100 GB of anonymous memory
# expect: memory_limit
import mmap

memory = mmap.mmap(-1, 100 << 30)
memory[0] = 1
