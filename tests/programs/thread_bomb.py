# attack: starts threads without end
# expect: process_limit
import threading
import time

for _ in range(10000):
    threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
