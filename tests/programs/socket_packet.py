# attack: raw packets
# expect: forbidden_call
import socket

socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
