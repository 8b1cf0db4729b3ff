# attack: reads other processes' environment through /proc
# expect: runtime_error
print(open("/proc/1/environ").read())
