# attack: a numpy array of 80 GB
# expect: memory_limit
# limits: cpu_s=5 wall_s=20
# scientific: yes
import numpy as np

data = np.ones((100000, 100000))
