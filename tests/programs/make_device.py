# attack: makes a device file for the disk
# expect: forbidden_call | runtime_error
import os
import stat

os.mknod("/tmp/disk", 0o666 | stat.S_IFBLK, os.makedev(8, 0))
