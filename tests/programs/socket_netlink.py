# attack: asks the kernel for its network interfaces
# expect: forbidden_call
import socket

socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
