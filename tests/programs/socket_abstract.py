# attack: talks to a daemon through an abstract socket
# expect: runtime_error
import socket

socket.socket(socket.AF_UNIX).connect("\0/tmp/.X11-unix/X0")
