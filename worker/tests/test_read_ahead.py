"""Weights come into the page cache before anybody asks for them."""

import os
from contextlib import suppress

import pytest

from assay_worker import read_ahead

PAGE = 4096


def share_in_cache(path) -> float:
    """A page that is not there cannot be read without waiting."""
    size = path.stat().st_size
    found = 0
    fd = os.open(path, os.O_RDONLY)
    try:
        # RWF_NOWAIT alone would make the kernel read what follows a page that is there.
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        for offset in range(0, size, PAGE):
            with suppress(BlockingIOError):
                found += os.preadv(fd, [bytearray(PAGE)], offset, os.RWF_NOWAIT)
    finally:
        os.close(fd)
    return found / size


def written_and_forgotten(path, size):
    with path.open("wb") as file:
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return path


def test_whole_files_are_read(tmp_path):
    files = [written_and_forgotten(tmp_path / f"model-{i}.safetensors", 24 << 20) for i in range(2)]
    if share_in_cache(files[0]) > 0.5:
        pytest.skip("this file system keeps its files in memory")
    for reader in read_ahead.begin(tmp_path):
        reader.join(60)
    # By itself the kernel reads 8 MB and less of a file for which WILLNEED is said.
    assert [share_in_cache(file) for file in files] == [1.0, 1.0]


def test_only_what_the_load_reads(tmp_path):
    for name in ("b.safetensors", "a.safetensors", "pytorch_model.bin", "config.json"):
        (tmp_path / name).write_bytes(b"x")
    assert [f.name for f in read_ahead.weight_files(tmp_path)] == ["a.safetensors", "b.safetensors"]
    (tmp_path / "a.safetensors").unlink()
    (tmp_path / "b.safetensors").unlink()
    assert [f.name for f in read_ahead.weight_files(tmp_path)] == ["pytorch_model.bin"]


def test_more_than_memory_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"x" * 100)
    monkeypatch.setattr(read_ahead, "available_bytes", lambda: 99)
    assert read_ahead.begin(tmp_path) == []
    monkeypatch.setattr(read_ahead, "available_bytes", lambda: 100)
    assert len(read_ahead.begin(tmp_path)) == 1


def test_what_cannot_be_read_is_the_loads_to_tell(tmp_path):
    (tmp_path / "model-1.safetensors").mkdir()
    written_and_forgotten(tmp_path / "model-2.safetensors", 100)
    for reader in read_ahead.begin(tmp_path):
        reader.join(60)
        assert not reader.is_alive()


def test_there_is_memory():
    assert read_ahead.available_bytes() > 1 << 20
