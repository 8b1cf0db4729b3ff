"""gpu_facts over a made-up NVML: recorded cards, slices, holders, and a driver in disorder."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assay_worker import nvml

GIB = 1 << 30


@dataclass
class Card:
    name: str = "NVIDIA H200"
    uuid: str = "GPU-a"
    total: int = 140 * GIB
    used: int = 0
    capability: tuple[int, int] = (9, 0)
    mig_mode: int | None = 0  # None: the card does not know the call
    slices: list[Card] = field(default_factory=list)
    virtualization: int = 0
    energy: int | None = 1000
    processes: list[tuple[int, int]] = field(default_factory=list)
    lost: str = ""  # the first call that says so: "handle", "memory"


class Library:
    """The calls that nvml.py makes; handles are positions in `all`."""

    def __init__(self, cards: list[Card], status: int = 0) -> None:
        self.cards, self.status, self.open = cards, status, 0
        self.all = [*cards, *[s for card in cards for s in card.slices]]

    def at(self, handle: Any) -> Card:
        return self.all[int(handle.value) - 1]

    def give(self, out: Any, card: Card) -> int:
        if card.lost == "handle":
            return 15
        out._obj.value = self.all.index(card) + 1
        return 0

    def nvmlInit_v2(self) -> int:
        self.open += self.status == 0
        return self.status

    def nvmlShutdown(self) -> int:
        self.open -= 1
        return 0

    def nvmlSystemGetDriverVersion(self, buffer: Any, _size: Any) -> int:
        buffer.value = b"580.159.04"
        return 0

    def nvmlSystemGetCudaDriverVersion_v2(self, out: Any) -> int:
        out._obj.value = 13000
        return 0

    def nvmlDeviceGetCount_v2(self, out: Any) -> int:
        out._obj.value = len(self.cards)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, out: Any) -> int:
        return self.give(out, self.cards[index.value]) if index.value < len(self.cards) else 2

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, out: Any) -> int:
        found = [card for card in self.all if card.uuid == uuid.decode()]
        return self.give(out, found[0]) if found else 6

    def nvmlDeviceIsMigDeviceHandle(self, handle: Any, out: Any) -> int:
        out._obj.value = self.at(handle) not in self.cards
        return 0

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, handle: Any, out: Any) -> int:
        own = self.at(handle)
        return self.give(out, next(card for card in self.cards if own in card.slices))

    def nvmlDeviceGetMigMode(self, handle: Any, current: Any, _pending: Any) -> int:
        mode = self.at(handle).mig_mode
        current._obj.value = mode or 0
        return 3 if mode is None else 0

    def nvmlDeviceGetMaxMigDeviceCount(self, _handle: Any, out: Any) -> int:
        out._obj.value = 7
        return 0

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Any, index: Any, out: Any) -> int:
        slices = self.at(handle).slices
        # Slices keep their numbers when others go: the first is not always at 0.
        return self.give(out, slices[index.value - 1]) if 1 <= index.value <= len(slices) else 6

    def nvmlDeviceGetMemoryInfo(self, handle: Any, out: Any) -> int:
        card = self.at(handle)
        if card.lost == "memory":
            return 16
        out._obj.total, out._obj.used, out._obj.free = card.total, card.used, card.total - card.used
        return 0

    def nvmlDeviceGetCudaComputeCapability(self, handle: Any, major: Any, minor: Any) -> int:
        major._obj.value, minor._obj.value = self.at(handle).capability
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any, out: Any) -> int:
        energy = self.at(handle).energy
        out._obj.value = energy or 0
        return 3 if energy is None else 0

    def nvmlDeviceGetName(self, handle: Any, buffer: Any, _size: Any) -> int:
        buffer.value = self.at(handle).name.encode()
        return 0

    def nvmlDeviceGetUUID(self, handle: Any, buffer: Any, _size: Any) -> int:
        buffer.value = self.at(handle).uuid.encode()
        return 0

    def nvmlDeviceGetPciInfo_v3(self, _handle: Any, out: Any) -> int:
        out._obj.bus_id = b"00000000:1B:00.0"
        return 0

    def nvmlDeviceGetVirtualizationMode(self, handle: Any, out: Any) -> int:
        out._obj.value = self.at(handle).virtualization
        return 0

    def nvmlDeviceGetComputeRunningProcesses_v3(self, handle: Any, count: Any, rows: Any) -> int:
        found = self.at(handle).processes
        for row, (pid, used) in zip(rows, found, strict=False):
            row.pid, row.used = pid, used
        count._obj.value = len(found)
        return 0


def facts_of(
    monkeypatch: pytest.MonkeyPatch, cards: list[Card], visible: str | None = None, status: int = 0
) -> dict[str, Any]:
    library = Library(cards, status)
    monkeypatch.setattr(nvml.ctypes, "CDLL", lambda name: library)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    found = nvml.gpu_facts()
    assert library.open == 0
    return found


def test_two_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    found = facts_of(monkeypatch, [Card(), Card(uuid="GPU-b", used=GIB)])
    assert (found["nvml"], found["driver"], found["driver_cuda"]) == ("ok", "580.159.04", "13.0")
    assert [gpu["index"] for gpu in found["gpus"]] == ["0", "1"]
    first = found["gpus"][0]
    assert first["name"] == "NVIDIA H200"
    assert first["bus_id"] == "0000:1b:00.0"
    assert first["memory_total_bytes"] == 140 * GIB
    assert first["compute_capability"] == [9, 0]
    assert (first["mig"], first["vgpu"], first["tells_energy"]) == ("off", False, True)
    assert found["gpus"][1]["memory_used_bytes"] == GIB


@pytest.mark.parametrize(
    ("visible", "seen", "not_there"),
    [
        ("1,0", ["1", "0"], None),
        ("GPU-b", ["GPU-b"], None),
        ("", [], None),
        ("0,7,1", ["0"], "7"),  # as CUDA: what stands behind it is not seen either
        ("-1", [], "-1"),
    ],
)
def test_the_variable_chooses(
    monkeypatch: pytest.MonkeyPatch, visible: str, seen: list[str], not_there: str | None
) -> None:
    found = facts_of(monkeypatch, [Card(), Card(uuid="GPU-b")], visible)
    assert [gpu["index"] for gpu in found["gpus"]] == seen
    assert found["not_there"] == not_there
    assert found["asked"] == visible


@pytest.mark.parametrize("says_so", ["handle", "memory"])
def test_a_card_that_fell_off_the_bus_keeps_its_place(
    monkeypatch: pytest.MonkeyPatch, says_so: str
) -> None:
    cards = [Card(), Card(uuid="GPU-b", lost=says_so), Card(uuid="GPU-c")]
    for visible in (None, "0,GPU-b,2"):
        found = facts_of(monkeypatch, cards, visible)
        assert [gpu["lost"] for gpu in found["gpus"]] == [False, True, False]
        assert found["gpus"][1]["memory_total_bytes"] is None
        assert found["not_there"] is None


def test_of_a_card_in_slices_cuda_takes_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    part = Card(name="NVIDIA H200 MIG 3g.71gb", uuid="MIG-1", total=70 * GIB, energy=None)
    card = Card(mig_mode=1, slices=[part, Card(uuid="MIG-2")])
    for visible in (None, "0", "MIG-1"):
        gpu = facts_of(monkeypatch, [card], visible)["gpus"][0]
        assert (gpu["mig"], gpu["name"]) == ("slice", "NVIDIA H200 MIG 3g.71gb")
        assert gpu["memory_total_bytes"] == 70 * GIB
        assert gpu["compute_capability"] == [9, 0]  # the card's
        assert not gpu["tells_energy"]
    assert facts_of(monkeypatch, [Card(mig_mode=1)])["gpus"][0]["mig"] == "no slices"


def test_a_card_that_does_not_know_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert facts_of(monkeypatch, [Card(mig_mode=None)])["gpus"][0]["mig"] == "off"


def test_a_part_given_to_a_virtual_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert facts_of(monkeypatch, [Card(virtualization=2)])["gpus"][0]["vgpu"]
    assert not facts_of(monkeypatch, [Card(virtualization=1)])["gpus"][0]["vgpu"]  # passed through


def test_holders_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, elsewhere = os.getpid(), 2**22 + 1  # above the largest number of a process
    card = Card(processes=[(ours, GIB), (elsewhere, nvml.NO_VALUE)])
    first, second = facts_of(monkeypatch, [card])["gpus"][0]["processes"]
    assert first["pid"] == ours
    assert "python" in first["name"]
    assert (first["used_bytes"], first["left_over"]) == (GIB, False)
    assert second == {"pid": elsewhere, "used_bytes": None, "name": "", "left_over": False}


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_what_a_dead_run_left() -> None:
    """A run's process whose parent has gone; one whose parent lives; one of nobody's run."""
    script = "sleep 60 >&- 2>&- & echo $!"
    started = subprocess.run(
        ["sh", "-c", script], env={**os.environ, "ASSAY_RUN_TOKEN": "t.1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    orphan = int(started.stdout)
    beside = subprocess.Popen(["sleep", "60"], env={**os.environ, "ASSAY_RUN_TOKEN": "t.1"})
    try:
        if parent_of(orphan) != 1:
            pytest.skip("another process than 1 takes orphans here")
        assert nvml.who_is(orphan) == {"name": "sleep 60", "left_over": True}
        assert nvml.who_is(beside.pid)["left_over"] is False
        assert nvml.who_is(1)["left_over"] is False
    finally:
        os.kill(orphan, signal.SIGKILL)
        beside.kill()
        beside.wait()


@pytest.mark.parametrize(("status", "state"), [(18, "broken"), (9, "broken"), (12, "absent")])
def test_a_driver_that_does_not_start(
    monkeypatch: pytest.MonkeyPatch, status: int, state: str
) -> None:
    found = facts_of(monkeypatch, [Card()], status=status)
    assert (found["nvml"], found["gpus"]) == (state, [])
    assert str(status) in found["why"]


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> Any:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(nvml.ctypes, "CDLL", gone)
    found = nvml.gpu_facts()
    assert found["nvml"] == "absent"
    assert found["why"] == f"{nvml.LIBRARY}: cannot open shared object file"


def test_the_structures_have_nvmls_sizes() -> None:
    """nvml.h of driver 580: three 64-bit numbers; 4 + 4 padding + 8 + 4 + 4; 16 + 5 * 4 + 32."""
    sizes = [ctypes.sizeof(s) for s in (nvml.Memory, nvml.Process, nvml.PciInfo)]
    assert sizes == [24, 24, 68]


def test_a_hung_driver_does_not_hold_us() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from assay_worker.nvml import end_on_time; import time;"
         "end_on_time(0.2); time.sleep(60)"],
        timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == -14  # SIGALRM
