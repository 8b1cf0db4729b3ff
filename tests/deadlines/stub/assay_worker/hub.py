"""Says which process it is, and then nothing."""

import os
import time
from pathlib import Path

Path(os.environ["STUB_HUB_PID"]).write_text(str(os.getpid()))
time.sleep(600)
