"""Energy the GPUs have used, as NVIDIA's management library (NVML) counts it.

Through ctypes: the library comes with the driver, a Python package for it may be missing.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

LIBRARY = "libnvidia-ml.so.1"


class EnergyCounter:
    """Joules since it was made, over the GPUs this process may see; None where none can tell."""

    def __init__(self) -> None:
        self._start = total_joules()

    def joules(self) -> float | None:
        now = total_joules()
        return None if now is None or self._start is None else now - self._start


def total_joules() -> float | None:
    """What the visible GPUs have used since their driver was loaded."""
    try:
        nvml = ctypes.CDLL(LIBRARY)
    except OSError:
        return None
    if nvml.nvmlInit_v2() != 0:
        return None
    try:
        readings = [energy_of(nvml, name) for name in visible_gpus(nvml)]
    finally:
        nvml.nvmlShutdown()
    if not readings or any(r is None for r in readings):
        return None
    return sum(r for r in readings if r is not None)


def driver_version() -> str | None:
    try:
        nvml = ctypes.CDLL(LIBRARY)
    except OSError:
        return None
    if nvml.nvmlInit_v2() != 0:
        return None
    text = ctypes.create_string_buffer(96)
    try:
        told = nvml.nvmlSystemGetDriverVersion(text, ctypes.c_uint(len(text))) == 0
    finally:
        nvml.nvmlShutdown()
    return text.value.decode() if told else None


def visible_gpus(nvml: Any) -> list[str]:
    """Indices or UUIDs: CUDA_VISIBLE_DEVICES, or all. NVML itself does not know the variable."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip()]
    count = ctypes.c_uint()
    if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
        return []
    return [str(i) for i in range(count.value)]


def handle_of(nvml: Any, name: str) -> ctypes.c_void_p | None:
    handle = ctypes.c_void_p()
    if name.isdigit():
        found = nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(int(name)), ctypes.byref(handle))
    else:
        found = nvml.nvmlDeviceGetHandleByUUID(name.encode(), ctypes.byref(handle))
    return handle if found == 0 else None


def energy_of(nvml: Any, name: str) -> float | None:
    handle, millijoules = handle_of(nvml, name), ctypes.c_ulonglong()
    if handle is None:
        return None
    # Before Volta, and inside a MIG slice, a GPU does not count.
    if nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(millijoules)) != 0:
        return None
    return millijoules.value / 1000
