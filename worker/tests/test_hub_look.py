"""Many questions to a hub on loopback at once; nothing is fetched, and all ends by the limit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_hub import Fault, LocalHub, Repo, etag_of

pytest.importorskip("huggingface_hub")

TOKEN = "hf_secretsecretsecret"
CONFIG = json.dumps(
    {"dtype": "bfloat16", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
).encode()
MODEL = {"kind": "model", "id": "org/model"}
GATED = {"kind": "dataset", "id": "org/gated", "allow": ["data/*"]}
GONE = {"kind": "dataset", "id": "org/gone"}


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    server = LocalHub()
    server.tokens = {TOKEN}
    server.repos["models/org/model"] = Repo(
        {"config.json": CONFIG, "model.safetensors": b"w" * 1000, "tokenizer.json": b"{}"}
    )
    server.repos["datasets/org/gated"] = Repo(
        {"data/test.jsonl": b"{}\n"}, gated=True, granted=frozenset({TOKEN})
    )
    yield server
    server.close()


def look(
    endpoint: str,
    home: Path,
    *questions: dict[str, Any],
    limit_s: float = 60,
    options: tuple[str, ...] = (),
    **env: str,
) -> dict[str, Any]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    done = subprocess.run(
        [sys.executable, "-m", "assay_worker.hub_look", f"--limit-s={limit_s}", *options],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
        env={**clean, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), **env},
        check=True,
    )
    assert done.stdout.count("\n") == 1
    assert TOKEN not in done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_all_questions_are_answered_in_order(hub: LocalHub, tmp_path: Path) -> None:
    found = look(hub.endpoint, tmp_path, MODEL, GATED, GONE, HF_TOKEN=TOKEN)
    assert found["reachable"] is True
    assert abs(found["date_s"] - time.time()) < 60
    model, gated, gone = found["found"]
    assert (model["status"], model["online"], model["files"]) == ("ok", True, 3)
    assert model["commit"] == hub.repos["models/org/model"].commit
    assert model["bytes_to_fetch"] == model["bytes"] == 1000 + 2 + len(CONFIG)
    assert model["needs"]["weights_bytes"] == 1000
    assert model["needs"]["kv_bytes_per_token"] == 2 * 2 * 4 * 16 * 2
    assert (gated["status"], gated["gated"], gated["bytes"]) == ("ok", True, 3)
    assert gone["status"] == "missing"


def test_nothing_is_written(hub: LocalHub, tmp_path: Path) -> None:
    look(hub.endpoint, tmp_path / "home", MODEL)
    assert not list(tmp_path.rglob("*config.json"))
    assert not any("model.safetensors" in request for request in hub.requests)


def test_gated_and_not_granted(hub: LocalHub, tmp_path: Path) -> None:
    (gated,) = look(hub.endpoint, tmp_path, GATED)["found"]
    assert (gated["status"], gated["gated"]) == ("gated", True)


def test_the_plans_dtype_counts(hub: LocalHub, tmp_path: Path) -> None:
    hub.repos["models/org/model"].files["config.json"] = b'{"dtype": "float32"}'
    (model,) = look(hub.endpoint, tmp_path, MODEL)["found"]
    assert model["needs"]["weights_bytes"] == 500
    (model,) = look(hub.endpoint, tmp_path, {**MODEL, "asked": {"dtype": "float32"}})["found"]
    assert model["needs"]["weights_bytes"] == 1000


def test_what_the_cache_holds_is_not_to_be_fetched(hub: LocalHub, tmp_path: Path) -> None:
    fetch(hub, tmp_path)
    seen = look(hub.endpoint, tmp_path, MODEL)
    assert (seen["found"][0]["online"], seen["found"][0]["bytes_to_fetch"]) == (True, 0)
    assert (seen["bytes_to_fetch"], seen["cache"]) == (0, str(tmp_path / "hub"))


def test_what_two_revisions_share_counts_once(hub: LocalHub, tmp_path: Path) -> None:
    repo = hub.repos["models/org/model"]
    before = repo.commit
    repo.push({"config.json": b"{}"})  # as the tokenizer's, which is one content more they share
    seen = look(hub.endpoint, tmp_path, MODEL, {**MODEL, "revision": before})
    assert [f["bytes_to_fetch"] for f in seen["found"]] == [1000 + 2, 1000 + 2 + len(CONFIG)]
    assert seen["bytes_to_fetch"] == 1000 + 2 + len(CONFIG)


def test_what_another_revision_brought_is_there(hub: LocalHub, tmp_path: Path) -> None:
    fetch(hub, tmp_path)
    hub.repos["models/org/model"].push({"config.json": b'{"dtype": "float16"}'})
    seen = look(hub.endpoint, tmp_path, MODEL)
    assert seen["bytes_to_fetch"] == len(b'{"dtype": "float16"}')
    assert seen["found"][0]["whole"] is False


def test_half_a_download_counts(hub: LocalHub, tmp_path: Path) -> None:
    blobs = tmp_path / "hub/models--org--model/blobs"
    blobs.mkdir(parents=True)
    etag = etag_of(b"w" * 1000)
    (blobs / f"{etag}.incomplete").write_bytes(b"w" * 300)
    (blobs / f"{etag}.0123abcd.incomplete").write_bytes(b"w" * 900)  # nobody goes on with this one
    assert look(hub.endpoint, tmp_path, MODEL)["bytes_to_fetch"] == 700 + 2 + len(CONFIG)


def test_a_renamed_repository_lies_under_the_name_it_was_asked_by(
    hub: LocalHub, tmp_path: Path
) -> None:
    fetch(hub, tmp_path)
    hub.repos["models/new/name"] = hub.repos.pop("models/org/model")
    hub.renamed["models/org/model"] = "models/new/name"
    seen = look(hub.endpoint, tmp_path, MODEL)
    (model,) = seen["found"]
    assert (model["status"], model["whole"], seen["bytes_to_fetch"]) == ("renamed", True, 0)


def test_what_is_there_whole_is_what_a_fetch_gives(hub: LocalHub, tmp_path: Path) -> None:
    assert look(hub.endpoint, tmp_path, MODEL)["found"][0]["whole"] is False
    fetched = fetch(hub, tmp_path)
    hub.requests.clear()
    (model,) = look(hub.endpoint, tmp_path, MODEL, options=("--sizes",))["found"]
    assert model["whole"] is True
    assert {name: model[name] for name in fetched} == fetched
    # One description, and nothing else: no clock, no file. (Clients ask for more of their own.)
    ours = [request for request in hub.requests if not request.startswith("GET /api/agent")]
    assert ours == ["GET /api/models/org/model"]
    # The hub was never asked: a branch that moved meanwhile is not seen, as by a fetch.
    (offline,) = look(hub.endpoint, tmp_path, MODEL, HF_HUB_OFFLINE="1")["found"]
    assert (offline["whole"], offline["folder"]) == (True, fetched["folder"])
    assert look("http://127.0.0.1:9", tmp_path, MODEL)["found"][0]["whole"] is False
    # A fetch would note which commit the branch stands for.
    (tmp_path / "hub/models--org--model/refs/main").unlink()
    (model,) = look(hub.endpoint, tmp_path, MODEL)["found"]
    assert (model["whole"], model["bytes_to_fetch"]) == (False, 0)


def test_without_the_hub_the_cache_answers(hub: LocalHub, tmp_path: Path) -> None:
    fetch(hub, tmp_path)
    dead = "http://127.0.0.1:9"
    found = look(dead, tmp_path, MODEL, GATED)
    assert found["reachable"] is False
    assert "refused" in found["why"]
    model, gated = found["found"]
    assert (model["status"], model["online"]) == ("ok", False)
    assert model["needs"]["weights_bytes"] == 1000
    assert gated["status"] == "offline"
    told = look(hub.endpoint, tmp_path, MODEL, HF_HUB_OFFLINE="1")
    assert (told["reachable"], told["why"]) == (False, "HF_HUB_OFFLINE is set")
    assert told["found"][0]["status"] == "ok"


def test_a_hub_that_hangs_is_left_at_the_limit(hub: LocalHub, tmp_path: Path) -> None:
    hub.faults.append(Fault("GET /api/models", times=9, stall_after=5))
    began = time.monotonic()
    model, gated = look(hub.endpoint, tmp_path, MODEL, GATED, limit_s=6, HF_TOKEN=TOKEN)["found"]
    assert time.monotonic() - began < 60
    assert (model["status"], model["online"]) == ("offline", False)
    assert model["message"] == "the hub did not answer in time"
    assert gated["status"] == "ok"


def fetch(hub: LocalHub, home: Path) -> dict[str, Any]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    done = subprocess.run(
        [sys.executable, "-m", "assay_worker.hub", "fetch", "--kind=model", "--id=org/model"],
        cwd=Path(__file__).parents[1],
        env={**clean, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home)},
        check=True,
        capture_output=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
