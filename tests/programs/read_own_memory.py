# attack: searches its whole memory for the expected output
# expect: runtime_error
# expected: treasure-4711-found
data = open("/proc/self/mem", "rb")
