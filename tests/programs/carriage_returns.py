# attack: lines that end with CR LF; white space at line ends never counts
# expect: passed
# expected: 1 2
import os

os.write(1, b"1 2\r\n\r\n")
