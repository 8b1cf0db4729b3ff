# attack: looks for secrets in the environment
# expect: passed
# expected: nothing
import os

known = {"HOME", "LANG", "PATH", "PYTHONPATH", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PWD"}
known |= {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "HDF5_USE_FILE_LOCKING"}
print(sorted(set(os.environ) - known) or "nothing")
