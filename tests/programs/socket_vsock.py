# attack: talks to the hypervisor
# expect: forbidden_call
import socket

socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).connect((2, 1024))
