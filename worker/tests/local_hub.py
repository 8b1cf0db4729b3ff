"""A hub on loopback for the tests of the hub client: repositories in memory or on disk."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

PATH = re.compile(
    r"(?P<api>/api)?/(?:(?P<kind>models|datasets)/)?(?P<id>[^/]+/[^/]+)(?P<rest>/.*)?"
)


Content = bytes | Path  # a path: read when it is asked for


def commit_of(files: dict[str, Content]) -> str:
    listing = "".join(f"{k}:{v!r}" for k, v in sorted(files.items()))
    return hashlib.sha1(listing.encode()).hexdigest()


@dataclass
class Repo:
    files: dict[str, Content]
    gated: bool = False
    private: bool = False
    granted: frozenset[str] = frozenset()  # tokens that may read a gated or private repository
    revisions: frozenset[str] = frozenset()  # besides main and the commit
    claimed: dict[str, int] = field(default_factory=dict)  # sizes said that are not the files' own
    older: dict[str, dict[str, Content]] = field(default_factory=dict)  # by commit

    @property
    def commit(self) -> str:
        return commit_of(self.files)

    def push(self, files: dict[str, Content]) -> None:
        """main moves on; the commit before stays."""
        self.older[self.commit] = dict(self.files)
        self.files.update(files)

    def at(self, revision: str) -> tuple[str, dict[str, Content]]:
        if revision in self.older:
            return revision, self.older[revision]
        if revision not in {"main", self.commit, *self.revisions}:
            raise Failure(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return self.commit, self.files


def size_of(content: Content) -> int:
    return content.stat().st_size if isinstance(content, Path) else len(content)


def etag_of(content: Content) -> str:
    """A file on disk is not read for it: the client takes any name."""
    data = f"{content}:{size_of(content)}".encode() if isinstance(content, Path) else content
    return hashlib.sha1(data).hexdigest()


@dataclass
class Fault:
    """Answers the next `times` requests whose "METHOD path" matches with a status, or hangs up."""

    match: str
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    hang_up_after: int = -1  # bytes of the body
    stall_after: int = -1  # bytes of the body; then nothing more comes, and `stalled` is set


class Failure(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class LocalHub:
    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}  # "models/org/name" or "datasets/org/name"
        self.renamed: dict[str, str] = {}
        self.tokens: set[str] = set()  # the valid ones
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.stalled = threading.Event()
        self.bytes_per_s = 0  # of each file's content; 0: as fast as it goes
        handler = type("BoundHandler", (Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def fault_for(self, request: str) -> Fault | None:
        self.requests.append(request)
        for fault in self.faults:
            if fault.times > 0 and re.search(fault.match, request):
                fault.times -= 1
                return fault
        return None

    def find(self, name: str, token: str, *, content: bool) -> Repo:
        if token and token not in self.tokens:
            raise Failure(401, "", "Invalid credentials in Authorization header")
        repo = self.repos.get(name)
        if repo is None or (repo.private and token not in repo.granted):
            raise Failure(404 if token else 401, "RepoNotFound", "Repository not found")
        if content and repo.gated and token not in repo.granted:
            raise Failure(403 if token else 401, "GatedRepo", f"Access to {name} is restricted")
        return repo


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: LocalHub

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reply_json(self, value: Any) -> None:
        self.reply(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        fault = self.hub.fault_for(f"{self.command} {path}")
        if fault is not None and fault.stall_after >= 0:
            return self.stall(fault.stall_after)
        if fault is not None and fault.hang_up_after >= 0:
            return self.hang_up(fault.hang_up_after)
        if fault is not None:
            return self.reply(fault.status, b"{}", fault.headers)
        try:
            self.route(path)
        except Failure as failure:
            headers = {"X-Error-Message": failure.message}
            if failure.code:
                headers["X-Error-Code"] = failure.code
            self.reply(failure.status, b"{}", headers)
        return None

    do_HEAD = do_GET

    def hang_up(self, after: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(after + 1000))
        self.end_headers()
        self.wfile.write(b"x" * after)
        self.wfile.flush()
        self.close_connection = True

    def stall(self, after: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(after * 4))
        self.end_headers()
        self.wfile.write(b"x" * after)
        self.wfile.flush()
        self.hub.stalled.set()
        self.rfile.read(1)  # until the client is gone
        self.close_connection = True

    def route(self, path: str) -> None:
        match = PATH.fullmatch(path)
        if match is None:
            raise Failure(404, "", "no such page")
        kind = match["kind"] or "models"
        name, rest = f"{kind}/{match['id']}", match["rest"] or ""
        if name in self.hub.renamed:
            target = self.hub.renamed[name]
            if not match["api"]:
                target = target.removeprefix("models/")
            prefix = match["api"] or ""
            return self.reply(307, b"", {"Location": f"{prefix}/{target}{rest}"})
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        content = not match["api"]
        repo = self.hub.find(name, token, content=content)
        if content:
            return self.file(repo, rest)
        return self.api(name, repo, rest)

    def api(self, name: str, repo: Repo, rest: str) -> None:
        parts = rest.split("/")
        commit, files = repo.at(parts[2] if len(parts) > 2 else "main")
        if parts[1:2] == ["tree"]:
            entries = [
                {"type": "file", "path": k, "size": size_of(v), "oid": etag_of(v)}
                for k, v in files.items()
            ]
            return self.reply_json(entries)
        return self.reply_json(
            {
                "id": name.split("/", 1)[1],
                "sha": commit,
                "gated": "auto" if repo.gated else False,
                "private": repo.private,
                "siblings": [
                    {
                        "rfilename": k,
                        "size": repo.claimed.get(k, size_of(v)),
                        "blobId": etag_of(v),
                    }
                    for k, v in files.items()
                ],
            }
        )

    def file(self, repo: Repo, rest: str) -> None:
        _, _, revision, file = rest.split("/", 3)
        commit, files = repo.at(revision)
        if file not in files:
            raise Failure(404, "EntryNotFound", "Entry not found")
        content = files[file]
        self.send_response(200)
        self.send_header("Content-Length", str(size_of(content)))
        self.send_header("X-Repo-Commit", commit)
        self.send_header("ETag", f'"{etag_of(content)}"')
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.hub.bytes_per_s and isinstance(content, bytes):
            piece = max(1, self.hub.bytes_per_s // 10)
            for begin in range(0, len(content), piece):
                self.wfile.write(content[begin : begin + piece])
                time.sleep(0.1)
        elif isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, self.wfile, 1 << 20)
        else:
            self.wfile.write(content)
