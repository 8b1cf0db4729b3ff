# attack: none: SIGINT is a KeyboardInterrupt, an ignored signal nothing, a handled one its handler's
# expect: passed
# expected: interrupted handled -15
import os
import signal

said = []
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    said.append("interrupted")
signal.signal(signal.SIGTERM, lambda *_: said.append("handled"))
os.kill(os.getpid(), signal.SIGTERM)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
os.kill(os.getpid(), signal.SIGUSR1)
child = os.fork()
if child == 0:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
    os._exit(0)
print(*said, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
