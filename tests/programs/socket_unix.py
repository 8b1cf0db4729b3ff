# attack: talks to a daemon through its socket file
# expect: runtime_error
import socket

socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock")
