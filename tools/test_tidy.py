"""tools/tidy: which files it looks at, and when it may trust a former result."""

import importlib.machinery
import importlib.util
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent / "tidy"


@pytest.fixture
def tidy(tmp_path, monkeypatch):
    """The script as a module, in a repository of its own with one commit."""
    loader = importlib.machinery.SourceFileLoader("tidy", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    files = {
        ".clang-tidy": "Checks: '*'\n",
        "src/base/a.h": "#pragma once\n",
        "src/base/b.h": '#include "base/a.h"\n',
        "src/base/b.cc": '#include "base/b.h"\n',
        "src/plan/c.cc": '#include "base/b.h"\n#include <vector>\n',
        "src/plan/d.cc": "int d;\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path)
    return module


def git(folder, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def commit(folder):
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "x")


def names(module, files):
    return [str(file.relative_to(module.ROOT)) for file in files]


def test_in_the_first_commit_everything_is_new(tidy):
    chosen = tidy.sources_for(tidy.changed_files())
    assert names(tidy, chosen) == ["src/base/b.cc", "src/plan/c.cc", "src/plan/d.cc"]


def test_changed_since_the_commit_before_and_not_committed(tidy):
    (tidy.ROOT / "src/plan/c.cc").write_text("int c;\n")
    commit(tidy.ROOT)
    (tidy.ROOT / "src/plan/new.cc").write_text("int n;\n")
    assert names(tidy, tidy.changed_files()) == ["src/plan/c.cc", "src/plan/new.cc"]


def test_a_header_stands_for_its_source_or_for_one_that_includes_it(tidy):
    root = tidy.ROOT
    assert names(tidy, tidy.sources_for([root / "src/base/b.h"])) == ["src/base/b.cc"]
    assert names(tidy, tidy.sources_for([root / "src/base/a.h"])) == ["src/base/b.cc"]


def test_fingerprint_follows_included_headers_and_no_others(tidy):
    def fingerprint(name, command="g++ -c"):
        return tidy.fingerprint(tidy.ROOT / name, {"command": command}, "19")

    c, d = fingerprint("src/plan/c.cc"), fingerprint("src/plan/d.cc")
    assert fingerprint("src/plan/c.cc") == c
    assert fingerprint("src/plan/c.cc", "g++ -DX -c") != c
    (tidy.ROOT / "src/base/a.h").write_text("#pragma once\nint a;\n")
    assert fingerprint("src/plan/c.cc") != c
    assert fingerprint("src/plan/d.cc") == d
    (tidy.ROOT / ".clang-tidy").write_text("Checks: '-*'\n")
    assert fingerprint("src/plan/d.cc") != d
