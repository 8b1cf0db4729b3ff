# attack: opens devices of the machine
# expect: passed
# expected: nothing
import glob
import os

names = ["mem", "kmem", "port", "kmsg", "kvm", "fuse", "sda", "vda", "nvme0n1", "loop0", "net/tun"]
names += [os.path.basename(path) for path in glob.glob("/dev/nvidia*")]
found = []
for name in names:
    try:
        open("/dev/" + name, "rb").close()
        found.append(name)
    except OSError:
        pass
print(found or "nothing")
