"""What stands between two GPUs on the PCI bus: address translation and access control.

With an IOMMU that translates, or bridges that send each transfer up to it (ACS), one GPU may fail
to reach the other's memory, and a sum over both then hangs or comes out wrong. Read from /sys.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

SYS = Path("/sys")
EXTENDED_AT = 0x100  # of a device's configuration space; only root may read so far
ACS = 0x000D
REDIRECTS = 0x4 | 0x8  # ACS control: requests or completions between peers go up to the root


def bridges_above(bus_id: str, root: Path) -> list[str]:
    """Addresses of what a device hangs on, the nearest last."""
    real = Path(os.path.realpath(root / "bus/pci/devices" / bus_id))
    return [part for part in real.parts[:-1] if part.count(":") == 2]


def redirects(config: bytes) -> bool | None:
    """Whether a bridge sends traffic between peers up; None: its configuration is not readable."""
    if len(config) <= EXTENDED_AT:
        return None
    at, seen = EXTENDED_AT, 0
    while at and at + 8 <= len(config) and seen < 64:
        (header,) = struct.unpack_from("<I", config, at)
        if header & 0xFFFF == ACS:
            (control,) = struct.unpack_from("<H", config, at + 6)
            return bool(control & REDIRECTS)
        at, seen = header >> 20, seen + 1
    return False


def iommu_types(root: Path) -> list[str]:
    """How addresses are translated, of all groups: "DMA", "DMA-FQ", "identity"."""
    found = set()
    for file in (root / "kernel/iommu_groups").glob("*/type"):
        try:
            found.add(file.read_text().strip())
        except OSError:
            continue
    return sorted(found)


def in_a_virtual_machine() -> bool:
    try:
        return " hypervisor" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def pci_facts(bus_ids: list[str], root: Path = SYS) -> dict[str, Any]:
    acs, unread = set(), False
    for bridge in sorted({b for bus_id in bus_ids for b in bridges_above(bus_id, root)}):
        try:
            answer = redirects((root / "bus/pci/devices" / bridge / "config").read_bytes())
        except OSError:
            answer = None
        unread = unread or answer is None
        if answer:
            acs.add(bridge)
    return {
        "iommu_types": iommu_types(root),
        "acs_bridges": sorted(acs),
        "acs_unread": unread,
        "virtual_machine": in_a_virtual_machine(),
    }
