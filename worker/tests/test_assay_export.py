"""Exports through the services' own clients, to what runs without a network."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import assay
from assay import export


def test_a_variants_record(recorded_run: Path) -> None:
    base, other = export.variant_records(assay.open(recorded_run))
    assert (base.name, base.verdict, other.name) == ("bf16", "", "fp8")
    assert base.figures["mmlu_pro/robust"] == 0.5 and other.figures["mmlu_pro/robust"] == 0.25
    assert other.figures["mmlu_pro/diff_pp"] == -25 and "pooled/diff_pp" not in base.figures
    assert other.figures["pooled/n"] == 6
    assert base.settings["model"] == "one" and base.settings["baseline"] is True


def test_answers_stay_unless_asked_for_and_closed_ones_always(recorded_run: Path) -> None:
    run = assay.open(recorded_run)
    names = [path.name for path in export.report_files(run, answers=True)]
    assert names == ["report.md", "results.json", "results.csv"], "the page shows GPQA's answers"
    figures = set(export.hub_files(run, answers=False))
    assert {"README.md", "results.json"} <= figures
    assert not [name for name in figures if "samples_" in name]
    samples = [name for name in export.hub_files(run, answers=True) if "samples_" in name]
    assert samples and not [name for name in samples if "gpqa" in name]


def test_wandb_offline(recorded_run: Path, tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    run = assay.open(recorded_run)
    ids = export.to_wandb(run, "ours", mode="offline", dir=str(tmp_path))
    assert len(set(ids)) == 2
    folders = sorted((tmp_path / "wandb").glob("offline-run-*"))
    assert {folder.name.rsplit("-", 1)[1] for folder in folders} == set(ids)
    # What `wandb sync` would send.
    sent = b"".join(file.read_bytes() for folder in folders for file in folder.glob("*.wandb"))
    for text in (b"mmlu_pro/robust", b"pooled/diff_pp", b"recorded", b"version.vllm (server)"):
        assert text in sent, text
    assert b"The answer is" not in sent


def test_mlflow_store_on_disk(recorded_run: Path, tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow")
    run = assay.open(recorded_run)
    address = f"sqlite:///{tmp_path}/mlflow.db"
    mlflow.set_tracking_uri(address)
    mlflow.create_experiment("ours", artifact_location=(tmp_path / "artifacts").as_uri())
    ids = export.to_mlflow(run, "ours", tracking_uri=address)
    client = mlflow.MlflowClient(address)
    parent, base, other = (client.get_run(one) for one in ids)
    assert [r.info.run_name for r in (parent, base, other)] == ["recorded", "bf16", "fp8"]
    assert base.data.metrics["mmlu_pro/robust"] == 0.5
    assert other.data.metrics["pooled/n"] == 6 and other.data.params["model"] == "other"
    assert other.data.tags["mlflow.parentRunId"] == ids[0]
    assert other.data.tags["verdict"] == run.results["pooled"]["fp8"]["verdict"]
    assert {f.path for f in client.list_artifacts(ids[0])} == set(export.FIGURE_FILES)


class Hub(BaseHTTPRequestHandler):
    """The calls of a commit: make the repository, look at the card, ask how, send the files."""

    made: list[dict]
    files: dict[str, bytes]

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        elif self.path == "/api/repos/create":
            self.made.append(json.loads(body))
            self.answer(
                {"url": f"http://{self.headers['Host']}/datasets/me/runs", "name": "me/runs"}
            )
        elif self.path == "/api/datasets/me/runs/preupload/main":
            modes = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self.answer({"files": modes})
        elif self.path.startswith("/api/datasets/me/runs/commit/main"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    self.files[value["path"]] = base64.b64decode(value["content"])
            url = f"http://{self.headers['Host']}/datasets/me/runs/commit/" + "0" * 40
            self.answer({"success": True, "commitOid": "0" * 40, "commitUrl": url})
        else:
            self.answer({"error": self.path}, 404)

    def answer(self, value: dict, status: int = 200) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    Hub.made, Hub.files = [], {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_hub(recorded_run: Path, hub: ThreadingHTTPServer, monkeypatch) -> None:
    client = pytest.importorskip("huggingface_hub")
    endpoint = f"http://127.0.0.1:{hub.server_port}"
    real = client.HfApi
    monkeypatch.setattr(client, "HfApi", lambda token: real(endpoint=endpoint, token=token))
    url = export.to_hub(assay.open(recorded_run), "me/runs", token="hf_ours")
    assert url.endswith("0" * 40)
    assert Hub.made[0]["type"] == "dataset" and Hub.made[0]["visibility"] == "private"
    assert Hub.files["results.json"] == (recorded_run / "results.json").read_bytes()
    assert b"# recorded" in Hub.files["README.md"]
    assert [name for name in Hub.files if name.startswith("results/fp8/results_")]


def test_the_command_says_what_is_missing(recorded_run: Path, tmp_path: Path, capsys) -> None:
    assert export.main(["mlflow", str(tmp_path)]) == 3
    assert "is no run" in capsys.readouterr().err
    with pytest.raises(assay.StoreError, match=r"pip install 'assay\[hub\]'"):
        export.client("no_such_client", "hub")
