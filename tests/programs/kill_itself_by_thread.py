# attack: a thread sends its process SIGKILL
# expect: runtime_error
# expected: right
import os
import signal
import threading
import time

threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGKILL)).start()
time.sleep(1)
print("right")
