# attack: SIGTERM to itself, before it prints
# expect: runtime_error
# expected: right
import signal

signal.raise_signal(signal.SIGTERM)
print("right")
