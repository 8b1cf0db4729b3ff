# attack: connects by IPv6
# expect: forbidden_call
import socket

socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("::1", 53))
