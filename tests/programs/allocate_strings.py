# attack: doubles a string without end
# expect: memory_limit
# limits: cpu_s=5 wall_s=20
text = "x"
while True:
    text += text
