# attack: output that is no UTF-8
# expect: wrong_answer
# expected: ok
import os

os.write(1, b"ok\xff\xfe\x80\n")
