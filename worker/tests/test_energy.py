"""EnergyCounter over a made-up NVML: two GPUs of which one may be hidden."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from assay_worker import energy


class Nvml:
    def __init__(self, millijoules: dict[str, int]) -> None:
        self.millijoules = millijoules
        self.names = list(millijoules)
        self.open = 0

    def nvmlInit_v2(self) -> int:
        self.open += 1
        return 0

    def nvmlShutdown(self) -> int:
        self.open -= 1
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = len(self.names)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: ctypes.c_uint, handle: Any) -> int:
        if index.value >= len(self.names):
            return 2
        handle._obj.value = index.value + 1
        return 0

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, handle: Any) -> int:
        handle._obj.value = self.names.index(uuid.decode()) + 1
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: ctypes.c_void_p, out: Any) -> int:
        value = self.millijoules[self.names[int(handle.value or 0) - 1]]
        out._obj.value = max(value, 0)
        return 0 if value >= 0 else 3


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Nvml:
    fake = Nvml({"GPU-a": 5_000, "GPU-b": 70_000})
    monkeypatch.setattr(energy.ctypes, "CDLL", lambda name: fake)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return fake


def test_all_gpus_count_from_the_start(nvml: Nvml) -> None:
    counter = energy.EnergyCounter()
    nvml.millijoules = {"GPU-a": 6_500, "GPU-b": 70_250}
    assert counter.joules() == 1.75
    assert nvml.open == 0


@pytest.mark.parametrize("name", ["1", "GPU-b", " 1 "])
def test_hidden_gpus_do_not(nvml: Nvml, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", name)
    counter = energy.EnergyCounter()
    nvml.millijoules = {"GPU-a": 9_000, "GPU-b": 71_000}
    assert counter.joules() == 1.0


def test_a_gpu_that_does_not_count_leaves_no_figure(nvml: Nvml) -> None:
    nvml.millijoules["GPU-a"] = -1
    assert energy.EnergyCounter().joules() is None


def test_no_gpus_to_see(nvml: Nvml, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert energy.EnergyCounter().joules() is None


def test_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(energy.ctypes, "CDLL", missing)
    assert energy.EnergyCounter().joules() is None
