"""What this machine has, for `assay doctor` and for a run before it loads.

    python -m assay_worker.machine hardware [--no-gpus] [--model FOLDER]... [--asked JSON]
    python -m assay_worker.machine software [--format NAME]...

`hardware` takes a fraction of a second and makes no CUDA context: the GPUs that would be used
(nvml.py), what lies between them (pci.py), the machine's memory, and what each model folder needs
(checkpoint_needs.py; `--asked`: the plan's dtype and quantization). `software` imports torch and
vLLM, which takes many: torch's CUDA and architectures, vLLM's platform, and its kernels for the
formats named (kernel_choice.py).

One JSON object goes to standard output. What cannot be told is null, its reason in `why`. Exit
code 0 whenever an object was printed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assay_worker.checkpoint_needs import needs_of_folder
from assay_worker.nvml import end_on_time, gpu_facts
from assay_worker.pci import pci_facts

HARDWARE_LIMIT_S = 20.0


def hardware(options: argparse.Namespace) -> dict[str, Any]:
    facts: dict[str, Any] = {"memory": memory(), "gpus": None, "pci": None, "models": {}}
    asked = json.loads(options.asked)
    for folder in options.model:
        facts["models"][folder] = needs_of_folder(Path(folder), asked.get(folder, {}))
    if not options.no_gpus:
        facts["gpus"] = gpu_facts()
        buses = [gpu["bus_id"] for gpu in facts["gpus"]["gpus"] if gpu["bus_id"]]
        facts["pci"] = pci_facts(buses) if buses else None
    return facts


def memory() -> dict[str, int | None]:
    """The machine's own, or its container's where that has less."""
    found: dict[str, int | None] = {"total_bytes": None, "available_bytes": None}
    with contextlib.suppress(OSError, ValueError):
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        found["total_bytes"] = int(lines["MemTotal"].split()[0]) * 1024
        found["available_bytes"] = int(lines["MemAvailable"].split()[0]) * 1024
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):
            root = Path("/sys/fs/cgroup")
            most = int((root / limit).read_text())
            free = most - int((root / used).read_text())
            if found["total_bytes"] is not None and most < found["total_bytes"]:
                found["total_bytes"] = most
                found["available_bytes"] = min(found["available_bytes"] or free, free)
    return found


def software(options: argparse.Namespace) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "torch": None,
        "torch_cuda": None,
        "arch_list": None,
        "vllm": None,
        "platform": None,
        "kernels": {},
        "why": "",
    }
    try:
        import torch

        facts["torch"], facts["torch_cuda"] = torch.__version__, torch.version.cuda
        if torch.version.cuda is not None:
            facts["arch_list"] = architectures()
        import vllm
        from vllm.platforms import current_platform

        facts["vllm"] = vllm.__version__
        facts["platform"] = current_platform._enum.name.lower()
        from assay_worker.kernel_choice import choices

        for form in options.format:
            facts["kernels"][form] = choices(form)
    except Exception as error:  # a broken installation raises whatever it likes
        facts["why"] = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    return facts


def architectures() -> list[str] | None:
    """What torch was compiled for. get_arch_list() is empty where no GPU can be used."""
    import torch

    found: list[str] = torch.cuda.get_arch_list()
    if not found:
        compiled = getattr(torch._C, "_cuda_getArchFlags", lambda: None)()
        found = str(compiled).split() if compiled else []
    return found or None


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m assay_worker.machine")
    commands = parser.add_subparsers(dest="command", required=True)
    hard = commands.add_parser("hardware")
    hard.add_argument("--no-gpus", action="store_true")
    hard.add_argument("--model", action="append", default=[])
    hard.add_argument("--asked", default="{}")
    soft = commands.add_parser("software")
    soft.add_argument("--format", action="append", default=[])
    return parser.parse_args(arguments)


def main() -> int:
    options = parsed()
    # Libraries may print; standard output carries the object alone.
    with contextlib.redirect_stdout(sys.stderr):
        if options.command == "hardware":
            end_on_time(HARDWARE_LIMIT_S)
            facts = hardware(options)
        else:
            facts = software(options)
    print(json.dumps(facts), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
