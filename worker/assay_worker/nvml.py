"""What NVIDIA's management library (NVML) says of the GPUs this process would use.

Through ctypes: the library comes with the driver, a Python package for it may be missing. No CUDA
context is made. A call that the library or a GPU does not know leaves its value unknown (None).
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from typing import Any

LIBRARY = "libnvidia-ml.so.1"
NO_VALUE = 2**64 - 1  # of a process's memory that the driver does not tell
VGPU = 2  # nvmlGpuVirtualizationMode_t: a part of a GPU, given to a virtual machine
TEXT_BYTES = 96
# AMD's driver, Intel's accelerators, and a Jetson, whose driver is no NVML's.
OTHER_MAKERS = ("/dev/kfd", "/dev/accel", "/etc/nv_tegra_release")
MOST_PROCESSES = 512
# nvmlReturn_t that mean that the driver itself is in disorder, not that there is none.
DRIVER_NOT_LOADED, VERSION_MISMATCH = 9, 18
FUNCTION_NOT_FOUND = 13
# nvmlReturn_t of a card that is listed and answers no more: fallen off the bus, or to be reset.
LOST = (15, 16)


class Memory(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in ("total", "free", "used")]


class Process(ctypes.Structure):
    """nvmlProcessInfo_t, as from version 2 on."""

    _fields_ = [
        ("pid", ctypes.c_uint),
        ("used", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    ]


class PciInfo(ctypes.Structure):
    """nvmlPciInfo_t, as from version 3 on."""

    _fields_ = [
        ("legacy", ctypes.c_char * 16),
        *[(name, ctypes.c_uint) for name in ("domain", "bus", "device", "id", "subsystem")],
        ("bus_id", ctypes.c_char * 32),
    ]


class Nvml:
    """Calls by name; each gives its value, or None where it did not succeed."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.status = 0  # nvmlReturn_t of the last call

    def call(self, name: str, *arguments: Any) -> bool:
        function: Callable[..., int] | None = getattr(self.library, name, None)
        self.status = FUNCTION_NOT_FOUND if function is None else function(*arguments)
        return self.status == 0

    def text(self, name: str, *arguments: Any) -> str | None:
        buffer = ctypes.create_string_buffer(TEXT_BYTES)
        if not self.call(name, *arguments, buffer, ctypes.c_uint(TEXT_BYTES)):
            return None
        return buffer.value.decode(errors="replace")

    def number(self, name: str, *arguments: Any, kind: Any = ctypes.c_uint) -> int | None:
        value = kind()
        return value.value if self.call(name, *arguments, ctypes.byref(value)) else None

    def pair(self, name: str, handle: Any) -> tuple[int, int] | None:
        first, second = ctypes.c_uint(), ctypes.c_uint()
        if not self.call(name, handle, ctypes.byref(first), ctypes.byref(second)):
            return None
        return first.value, second.value

    def handle(self, name: str, *arguments: Any) -> Any | None:
        found = ctypes.c_void_p()
        return found if self.call(name, *arguments, ctypes.byref(found)) else None


def gpu_facts() -> dict[str, Any]:
    """`nvml` ("ok", "absent", "broken") and why; `other_maker`; driver; `gpus` as
    CUDA_VISIBLE_DEVICES orders them; `asked`, its text; `not_there`, its first entry that names no
    GPU."""
    facts: dict[str, Any] = {
        "nvml": "ok",
        "why": "",
        "other_maker": any(os.path.exists(place) for place in OTHER_MAKERS),
        "driver": None,
        "driver_cuda": None,
        "asked": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "not_there": None,
        "gpus": [],
    }
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        return {**facts, "nvml": "absent", "why": str(error)}
    status = library.nvmlInit_v2()
    if status != 0:
        broken = status in (DRIVER_NOT_LOADED, VERSION_MISMATCH)
        return {**facts, "nvml": "broken" if broken else "absent", "why": words(library, status)}
    try:
        nvml = Nvml(library)
        facts["driver"] = nvml.text("nvmlSystemGetDriverVersion")
        cuda = nvml.number("nvmlSystemGetCudaDriverVersion_v2", kind=ctypes.c_int)
        facts["driver_cuda"] = f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else None
        for name in chosen(nvml, facts["asked"]):
            handle = find(nvml, name)
            if is_lost(nvml, handle):
                facts["gpus"].append(lost_gpu(name))
                continue
            if handle is None:  # CUDA takes no notice of what stands behind it either
                facts["not_there"] = name
                break
            facts["gpus"].append(gpu(nvml, name, handle))
    finally:
        library.nvmlShutdown()
    return facts


def words(library: Any, status: int) -> str:
    try:
        library.nvmlErrorString.restype = ctypes.c_char_p
        return str(library.nvmlErrorString(status).decode())
    except AttributeError:
        return f"NVML gives {status}"


def chosen(nvml: Nvml, asked: str | None) -> list[str]:
    if asked is None:
        return [str(i) for i in range(nvml.number("nvmlDeviceGetCount_v2") or 0)]
    names = [name.strip() for name in asked.split(",")]
    return names if names != [""] else []


def find(nvml: Nvml, name: str) -> Any | None:
    if name.isdigit():
        return nvml.handle("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(int(name)))
    return nvml.handle("nvmlDeviceGetHandleByUUID", name.encode())


def is_lost(nvml: Nvml, handle: Any | None) -> bool:
    """`handle`: as just found. Some drivers still give one, and say it of the first question."""
    if handle is not None:
        nvml.call("nvmlDeviceGetMemoryInfo", handle, ctypes.byref(Memory()))
    return nvml.status in LOST


def lost_gpu(name: str) -> dict[str, Any]:
    return {
        "index": name,
        "lost": True,
        "name": None,
        "uuid": None,
        "bus_id": None,
        "memory_total_bytes": None,
        "memory_used_bytes": None,
        "compute_capability": None,
        "mig": "off",
        "vgpu": False,
        "tells_energy": False,
        "processes": [],
    }


def gpu(nvml: Nvml, name: str, handle: Any) -> dict[str, Any]:
    """One entry of `gpus`. Of a card that is cut into slices (MIG) CUDA takes the first."""
    card, mig = handle, "off"
    if nvml.number("nvmlDeviceIsMigDeviceHandle", handle) == 1:
        card, mig = nvml.handle("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", handle), "slice"
    elif (nvml.pair("nvmlDeviceGetMigMode", handle) or (0, 0))[0] == 1:
        found = first_slice(nvml, handle)
        handle, mig = (handle, "no slices") if found is None else (found, "slice")
    memory = Memory()
    known = nvml.call("nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory))
    capability = nvml.pair("nvmlDeviceGetCudaComputeCapability", card)
    energy = nvml.number("nvmlDeviceGetTotalEnergyConsumption", handle, kind=ctypes.c_ulonglong)
    return {
        "index": name,
        "lost": False,
        "name": nvml.text("nvmlDeviceGetName", handle),
        "uuid": nvml.text("nvmlDeviceGetUUID", handle),
        "bus_id": bus_id(nvml, card),
        "memory_total_bytes": memory.total if known else None,
        "memory_used_bytes": memory.used if known else None,
        "compute_capability": list(capability) if capability else None,
        "mig": mig,
        "vgpu": nvml.number("nvmlDeviceGetVirtualizationMode", card) == VGPU,
        "tells_energy": energy is not None,
        "processes": processes(nvml, handle),
    }


def first_slice(nvml: Nvml, handle: Any) -> Any | None:
    for i in range(nvml.number("nvmlDeviceGetMaxMigDeviceCount", handle) or 0):
        found = nvml.handle("nvmlDeviceGetMigDeviceHandleByIndex", handle, ctypes.c_uint(i))
        if found is not None:
            return found
    return None


def bus_id(nvml: Nvml, handle: Any) -> str | None:
    info = PciInfo()
    if not nvml.call("nvmlDeviceGetPciInfo_v3", handle, ctypes.byref(info)):
        return None
    # "00000000:1B:00.0" here, "0000:1b:00.0" below /sys.
    return info.bus_id.decode().lower()[-12:]


def processes(nvml: Nvml, handle: Any) -> list[dict[str, Any]]:
    count, rows = ctypes.c_uint(MOST_PROCESSES), (Process * MOST_PROCESSES)()
    if not nvml.call("nvmlDeviceGetComputeRunningProcesses_v3", handle, ctypes.byref(count), rows):
        return []
    return [
        {
            "pid": row.pid,
            "used_bytes": None if row.used == NO_VALUE else row.used,
            **who_is(row.pid),
        }
        for row in rows[: count.value]
    ]


def who_is(pid: int) -> dict[str, Any]:
    """`name`: empty where the process cannot be seen from here (another container's, say).
    `left_over`: a process of vLLM or of a run of ours whose parent has gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = [w.decode(errors="replace") for w in file.read().split(b"\0") if w]
        with open(f"/proc/{pid}/stat", "rb") as file:
            parent = int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return {"name": "", "left_over": False}
    name = " ".join(words)[:60].strip()
    ours = name.startswith("VLLM::") or of_a_run(pid)
    return {"name": name, "left_over": ours and parent == 1}


def of_a_run(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"ASSAY_RUN_TOKEN=" in file.read()
    except OSError:
        return False


def end_on_time(limit_s: float) -> None:
    """A driver in disorder may hang a call for ever; SIGALRM's default action ends us then."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
