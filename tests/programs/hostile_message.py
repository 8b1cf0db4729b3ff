# attack: an exception whose text never ends
# expect: time_limit
class Endless(Exception):
    def __str__(self):
        while True:
            pass


raise Endless
