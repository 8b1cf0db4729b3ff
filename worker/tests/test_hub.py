"""The hub client against a hub on loopback: every status, retries, the cache, the token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_hub import Fault, LocalHub, Repo

from assay_worker.hub import Retry, matching
from assay_worker.hub_errors import classify, hidden

pytest.importorskip("huggingface_hub")

FILES = {"data/test.jsonl": b'{"a": 1}\n', "data/train.jsonl": b"x" * 100, "README.md": b"card"}
TOKEN = "hf_secretsecretsecret"


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    server = LocalHub()
    server.tokens = {TOKEN, "hf_other"}
    server.repos["datasets/org/open"] = Repo(dict(FILES), revisions=frozenset({"v1"}))
    server.repos["models/org/model"] = Repo({"config.json": b"{}"})
    server.repos["datasets/org/gated"] = Repo(dict(FILES), gated=True, granted=frozenset({TOKEN}))
    server.repos["datasets/org/private"] = Repo(
        dict(FILES), private=True, granted=frozenset({TOKEN})
    )
    yield server
    server.close()


def told(
    hub: LocalHub, home: Path, command: str, name: str, *arguments: str, **env: str
) -> list[dict[str, Any]]:
    """What it prints, a line each."""
    kind = "model" if name == "org/model" else "dataset"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "assay_worker.hub", command, "--kind", kind, "--id", name),
            *("--delay-s", "0.01", "--tries", "3"),
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
        env={**clean, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), **env},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for token in (env.get("HF_TOKEN"), TOKEN):
        assert not token or token not in done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def call(
    hub: LocalHub, home: Path, command: str, name: str, *arguments: str, **env: str
) -> dict[str, Any]:
    answers = told(hub, home, command, name, *arguments, **env)
    assert len(answers) == 1
    return answers[0]


def test_resolve_pins_the_commit_and_fetches_nothing(hub: LocalHub, tmp_path: Path) -> None:
    answer = call(hub, tmp_path, "resolve", "org/open", "--allow", "data/test*")
    commit = hub.repos["datasets/org/open"].commit
    assert answer == {
        "id": "org/open",
        "kind": "dataset",
        "revision": "",
        "status": "ok",
        "renamed_to": "",
        "commit": commit,
        "folder": "",
        "files": 1,
        "bytes": 9,
        "message": "",
    }
    assert not any("/resolve/" in request for request in hub.requests)


def test_fetch_brings_the_files_that_match(hub: LocalHub, tmp_path: Path) -> None:
    answer = call(hub, tmp_path, "fetch", "org/open", "--allow", "data/test*")
    assert (answer["status"], answer["files"], answer["bytes"]) == ("ok", 1, 9)
    folder = Path(answer["folder"])
    assert (folder / "data/test.jsonl").read_bytes() == FILES["data/test.jsonl"]
    assert not (folder / "data/train.jsonl").exists()
    assert folder.name == answer["commit"]


def test_progress_tells_how_much_has_come(hub: LocalHub, tmp_path: Path) -> None:
    size = 90_000
    hub.repos["models/org/model"].files["model.bin"] = b"x" * size
    hub.bytes_per_s = 30_000
    *progress, answer = told(hub, tmp_path, "fetch", "org/model", "--progress")
    assert answer["status"] == "ok"
    assert {line["to_fetch_bytes"] for line in progress} == {size + 2}
    come = [line["fetched_bytes"] for line in progress]
    assert come == sorted(come)
    assert any(0 < bytes_come < size for bytes_come in come), come
    # What the cache holds is nothing to wait for.
    hub.repos["models/org/model"].push({"more.json": b"{}" * 10_000})
    *progress, answer = told(hub, tmp_path, "fetch", "org/model", "--progress")
    assert {line["to_fetch_bytes"] for line in progress} <= {20_000}
    assert len(told(hub, tmp_path, "fetch", "org/model", "--progress")) == 1


def test_fetch_of_a_model_by_tag_and_by_commit(hub: LocalHub, tmp_path: Path) -> None:
    model = call(hub, tmp_path, "fetch", "org/model")
    assert Path(model["folder"], "config.json").read_text() == "{}"
    tag = call(hub, tmp_path, "fetch", "org/open", "--revision", "v1")
    commit = call(hub, tmp_path, "fetch", "org/open", "--revision", tag["commit"])
    assert commit["status"] == "ok"
    assert commit["folder"] == tag["folder"]
    assert commit["files"] == 3


def test_fetched_once_it_needs_no_network(hub: LocalHub, tmp_path: Path) -> None:
    first = call(hub, tmp_path, "fetch", "org/open", "--allow", "data/test*")
    hub.requests.clear()
    for env, arguments in (({"HF_HUB_OFFLINE": "1"}, []), ({}, ["--offline"])):
        again = call(hub, tmp_path, "fetch", "org/open", "--allow", "data/test*", *arguments, **env)
        assert (again["status"], again["folder"]) == ("ok", first["folder"])
        assert again["commit"] == first["commit"]
    assert hub.requests == []


def test_offline_without_a_cache(hub: LocalHub, tmp_path: Path) -> None:
    answer = call(hub, tmp_path, "fetch", "org/open", "--offline")
    assert answer["status"] == "offline"
    assert answer["folder"] == ""
    assert answer["message"]
    assert hub.requests == []


@pytest.mark.parametrize("command", ["resolve", "fetch"])
def test_gated(hub: LocalHub, tmp_path: Path, command: str) -> None:
    for env in ({}, {"HF_TOKEN": "hf_other"}):  # 401 GatedRepo, 403 GatedRepo
        answer = call(hub, tmp_path, command, "org/gated", **env)
        assert answer["status"] == "gated"
        assert answer["message"] == "Access to datasets/org/gated is restricted"
        assert answer["folder"] == ""
    granted = call(hub, tmp_path, command, "org/gated", HF_TOKEN=TOKEN)
    assert granted["status"] == "ok"


def test_missing(hub: LocalHub, tmp_path: Path) -> None:
    for name in ("org/none", "org/private"):
        for env in ({}, {"HF_TOKEN": "hf_other"}):
            answer = call(hub, tmp_path, "resolve", name, **env)
            assert answer["status"] == "missing"
            assert "missing, renamed, or private" in answer["message"]
    assert call(hub, tmp_path, "resolve", "org/private", HF_TOKEN=TOKEN)["status"] == "ok"
    revision = call(hub, tmp_path, "fetch", "org/open", "--revision", "v9")
    assert revision["status"] == "missing"
    assert revision["message"].startswith("no such revision")
    nothing = call(hub, tmp_path, "fetch", "org/open", "--allow", "*.parquet")
    assert (nothing["status"], nothing["message"]) == ("missing", "no file matches *.parquet")
    bad = call(hub, tmp_path, "resolve", "a/b/c")
    assert bad["status"] == "missing"


def test_renamed(hub: LocalHub, tmp_path: Path) -> None:
    hub.renamed["datasets/org/old"] = "datasets/org/open"
    for command in ("resolve", "fetch"):
        answer = call(hub, tmp_path, command, "org/old")
        assert (answer["status"], answer["renamed_to"]) == ("renamed", "org/open")
        assert answer["commit"] == hub.repos["datasets/org/open"].commit
    assert Path(answer["folder"], "README.md").read_bytes() == b"card"


def test_a_token_the_hub_does_not_know(hub: LocalHub, tmp_path: Path) -> None:
    answer = call(hub, tmp_path, "resolve", "org/gated", HF_TOKEN="hf_expiredexpired")
    assert answer["status"] == "error"
    assert answer["message"].startswith("the hub does not accept the token")


@pytest.mark.parametrize(
    "match",
    ["GET /api/datasets/org/open$", "GET .*/tree/", "HEAD .*test.jsonl", "GET .*test.jsonl"],
)
@pytest.mark.parametrize("status", [500, 503, 429])
def test_errors_that_pass_are_tried_again(
    hub: LocalHub, tmp_path: Path, match: str, status: int
) -> None:
    hub.faults = [Fault(match, status=status, times=2)]
    answer = call(hub, tmp_path, "fetch", "org/open", "--allow", "data/test*")
    assert answer["status"] == "ok", answer["message"]
    assert hub.faults[0].times == 0


def test_a_cut_download_is_tried_again(hub: LocalHub, tmp_path: Path) -> None:
    hub.faults = [Fault("GET .*test.jsonl", hang_up_after=4)]
    answer = call(hub, tmp_path, "fetch", "org/open", "--allow", "data/test*")
    assert answer["status"] == "ok"
    assert Path(answer["folder"], "data/test.jsonl").read_bytes() == FILES["data/test.jsonl"]


def test_a_download_the_disk_has_no_room_for(hub: LocalHub, tmp_path: Path) -> None:
    hub.repos["datasets/org/open"].claimed["data/test.jsonl"] = 10**18
    hub.requests.clear()
    answer = call(hub, tmp_path, "fetch", "org/open", "--allow", "data/test*")
    assert answer["status"] == "error"
    assert answer["message"].startswith("1000000000.0 GB are to be fetched to ")
    assert "set HF_HOME to a larger disk" in answer["message"]
    assert not any("/resolve/" in request for request in hub.requests), "a file was asked for"


def test_what_is_cached_needs_no_room(hub: LocalHub, tmp_path: Path) -> None:
    call(hub, tmp_path, "fetch", "org/open", "--allow", "data/test*")
    hub.repos["datasets/org/open"].claimed["data/test.jsonl"] = 10**18
    assert call(hub, tmp_path, "fetch", "org/open", "--allow", "data/test*")["status"] == "ok"


def test_a_cache_half_written_by_a_killed_download(hub: LocalHub, tmp_path: Path) -> None:
    """Killed in the middle of a body: the next one ends with whole files."""
    hub.repos["datasets/org/open"].files["data/test.jsonl"] = body = b"y" * (12 << 20)
    hub.faults = [Fault("GET .*test.jsonl", stall_after=4 << 20)]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    words = [sys.executable, "-m", "assay_worker.hub", "fetch", "--kind", "dataset"]
    first = subprocess.Popen(
        [*words, "--id", "org/open", "--allow", "data/test*"],
        cwd=Path(__file__).parents[1],
        env={**clean, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert hub.stalled.wait(60), "the download never began"
    first.kill()
    first.wait()
    offline = call(hub, tmp_path, "fetch", "org/open", "--allow", "data/test*", "--offline")
    whole = [p for p in Path(tmp_path).rglob("test.jsonl") if p.stat().st_size == len(body)]
    assert offline["status"] == "offline" or whole, "half a file was taken for a whole one"
    again = call(hub, tmp_path, "fetch", "org/open", "--allow", "data/test*")
    assert again["status"] == "ok", again["message"]
    assert Path(again["folder"], "data/test.jsonl").read_bytes() == body


def test_a_symlinked_cache(hub: LocalHub, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    answer = call(hub, tmp_path / "home", "fetch", "org/open")
    assert (answer["status"], answer["files"]) == ("ok", 3)
    assert Path(answer["folder"], "README.md").read_bytes() == b"card"
    again = call(hub, tmp_path / "disk", "fetch", "org/open", "--offline")
    assert (again["status"], again["commit"]) == ("ok", answer["commit"])


def test_a_token_that_expires_in_the_middle(hub: LocalHub, tmp_path: Path) -> None:
    """Good for the description, not for the files any more."""
    words = {"X-Error-Message": "Invalid credentials in Authorization header"}
    hub.faults = [Fault(".* /datasets/org/gated/resolve/", status=401, times=99, headers=words)]
    answer = call(hub, tmp_path, "fetch", "org/gated", HF_TOKEN=TOKEN)
    assert answer["status"] == "error"
    assert answer["message"].startswith("the hub does not accept the token")
    hub.faults = []
    assert call(hub, tmp_path, "fetch", "org/gated", HF_TOKEN=TOKEN)["status"] == "ok"


def test_errors_that_stay(hub: LocalHub, tmp_path: Path) -> None:
    hub.faults = [Fault("GET /api/", status=500, times=99)]
    answer = call(hub, tmp_path, "resolve", "org/open")
    assert answer["status"] == "offline"
    assert answer["message"].startswith("the hub answers 500")
    hub.faults = [Fault("GET /api/", status=429, times=99)]
    assert call(hub, tmp_path, "resolve", "org/open")["status"] == "rate_limited"


def test_no_hub_at_all(hub: LocalHub, tmp_path: Path) -> None:
    # A loopback port that nothing listens on.
    answer = call(hub, tmp_path, "resolve", "org/open", HF_ENDPOINT="http://127.0.0.1:9")
    assert answer["status"] == "offline"
    assert answer["message"].startswith("the hub cannot be reached")


def test_huggingface_hub_is_missing(hub: LocalHub, tmp_path: Path) -> None:
    (tmp_path / "huggingface_hub.py").write_text("raise ImportError('not here')\n")
    answer = call(hub, tmp_path, "resolve", "org/open", PYTHONPATH=str(tmp_path))
    assert (answer["status"], answer["message"]) == (
        "error",
        "huggingface_hub is missing: not here",
    )


class Flaky(Exception):
    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__(f"status {status}")
        self.response = type("Response", (), {"status_code": status, "headers": headers})()


def test_waits_double_and_obey_the_hub() -> None:
    waits: list[float] = []
    failures = [Flaky(503, {}), Flaky(429, {"Retry-After": "7"}), Flaky(500, {}), Flaky(502, {})]

    def action() -> str:
        if failures:
            raise failures.pop(0)
        return "done"

    assert Retry(tries=5, delay_s=1.0, sleep=waits.append).call(action) == "done"
    assert waits == [1.0, 7.0, 4.0, 8.0]


def test_what_cannot_pass_is_not_tried_again() -> None:
    waits: list[float] = []
    with pytest.raises(Flaky):
        Retry(sleep=waits.append).call(lambda: (_ for _ in ()).throw(Flaky(403, {})))
    assert waits == []


def test_classify_looks_behind_the_outer_error() -> None:
    try:
        try:
            raise Flaky(500, {})
        except Flaky as inner:
            raise FileNotFoundError("not in the cache") from inner
    except FileNotFoundError as outer:
        assert classify(outer).message.startswith("the hub answers 500")
    full = OSError(28, "No space left on device")
    assert (classify(full).status, classify(full).retry) == ("error", False)


def test_hidden_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert hidden(f"sent\n {TOKEN} and abc", "abc") == "sent *** and ***"


def test_matching() -> None:
    assert matching(["a/b.json", "c.md"], ["*.json"]) == ["a/b.json"]
    assert matching(["a", "b"], []) == ["a", "b"]
