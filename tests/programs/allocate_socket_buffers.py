# attack: memory in the buffers of local sockets, which no process's own memory shows
# expect: memory_limit | process_limit
# expected: held
# limits: cpu_s=5 wall_s=20
import os
import socket
import time


def fill() -> int:
    held, pairs = 0, []
    try:
        while len(pairs) < 60:
            pairs.append(socket.socketpair())
            for end in pairs[-1]:
                end.setblocking(False)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
                try:
                    while True:
                        held += end.send(bytes(1 << 16))
                except BlockingIOError:
                    pass
    except OSError:
        pass
    fill.kept = pairs
    return held


for _ in range(12):
    if os.fork() == 0:
        fill()
        time.sleep(10)
        os._exit(0)
fill()
time.sleep(10)
print("held")
