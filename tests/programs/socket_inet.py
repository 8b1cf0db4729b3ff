# attack: connects to the internet
# expect: forbidden_call
import socket

socket.create_connection(("1.1.1.1", 80), timeout=1)
