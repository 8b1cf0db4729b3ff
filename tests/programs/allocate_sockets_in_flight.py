# attack: the same in sockets that lie in the buffers of others, where no descriptor counts them
# expect: memory_limit | process_limit | runtime_error
# expected: held
# limits: cpu_s=5 wall_s=20
import socket
import time

first, second = socket.socketpair()
sent = 0
for _ in range(2000):
    pair = socket.socketpair()
    for end in pair:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
        try:
            while True:
                end.send(bytes(1 << 16))
        except BlockingIOError:
            pass
    socket.send_fds(first, [b"x"], [end.fileno() for end in pair])
    for end in pair:
        end.close()
    sent += 1
time.sleep(5)
print("held")
