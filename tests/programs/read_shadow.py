# attack: reads the password file
# expect: runtime_error
print(open("/etc/shadow").read())
