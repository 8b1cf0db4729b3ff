# attack: a numpy array of 80 GB
# expect: memory_limit
# scientific: yes
import numpy as np

data = np.ones((100000, 100000))
