"""Whether an error says that a GPU has gone: another engine does not find it again either."""

from __future__ import annotations

# CUDA's and the driver's own words. Most engines that lose their card die of something that other
# faults look like, too ("unknown error", a failed NCCL call): then assay asks the driver.
WORDS = (
    "fallen off the bus",
    "GPU is lost",
    "no CUDA-capable device is detected",
    "No CUDA GPUs are available",
)

LOST_GPU_FIX = (
    "look whether `nvidia-smi` lists it and `dmesg | grep Xid` tells of it; "
    "`nvidia-smi --gpu-reset -i N` or a restart brings it back, or leave it out with "
    "CUDA_VISIBLE_DEVICES; what was answered is kept: run the same command then"
)


def tells_of_lost_gpu(text: str) -> bool:
    return any(words in text for words in WORDS)
