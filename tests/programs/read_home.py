# attack: looks for anybody's files
# expect: passed
# expected: nothing
import os

folders = ["/root", "/home", "/var", "/run", "/mnt", "/srv", "/sys", "/boot", "/media", "/work"]
print([folder for folder in folders if os.path.exists(folder)] or "nothing")
