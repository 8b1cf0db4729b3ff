# attack: a regular expression of exponential time, deaf to signals
# expect: time_limit
import re

re.match(r"(a+)+$", "a" * 64 + "b")
