"""Models and data sets of the hub, by pinned revision, through huggingface_hub.

    python -m assay_worker.hub resolve|fetch --kind model|dataset --id OWNER/NAME
        [--revision R] [--allow PATTERN]... [--offline] [--progress] [--tries N] [--delay-s S]

`resolve` finds the commit a revision stands for and whether its files may be read, without fetching
them; `fetch` brings the files that match into the cache. One JSON object goes to standard output:

    status      ok, renamed, gated, missing, rate_limited, offline, error
    id, kind    as asked; renamed_to: what the repository is called now, when it moved
    revision    as asked; commit: the 40 hex digits it stands for, empty if not known
    folder      where the files lie (fetch, or found in the cache); empty otherwise
    files, bytes  how many files match, and their size where the hub says it
    message     why, in one line; a token never stands in it

With --progress, while files come, a line a second before it tells how far it is:
{"fetched_bytes": …, "to_fetch_bytes": …}, of the files that the cache did not hold before.

`renamed` is as usable as `ok`. The exit status is 0 whenever such an object was printed.
HF_ENDPOINT, HF_HOME, HF_TOKEN and HF_HUB_OFFLINE have the client's own meaning.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, TypeVar

from assay_worker.hub_errors import NoSpace, Problem, classify, hidden

T = TypeVar("T")
LONGEST_WAIT_S = 60.0
SPARE_BYTES = 1 << 30  # left free by a download
PROGRESS_EVERY_S = 1.0


@dataclass
class Answer:
    id: str
    kind: str
    revision: str
    status: str = "ok"
    renamed_to: str = ""
    commit: str = ""
    folder: str = ""
    files: int = 0
    bytes: int = 0
    message: str = ""


@dataclass(frozen=True)
class HubFile:
    """As the hub lists it; `blob`: the name of its content in the cache, empty if not told."""

    size: int
    blob: str = ""


@dataclass
class Retry:
    """The client retries some errors and not others (and 0.x others than 2.x): this covers all."""

    tries: int = 5
    delay_s: float = 1.0
    sleep: Callable[[float], None] = field(default=time.sleep)

    def call(self, action: Callable[[], T]) -> T:
        for attempt in range(1, self.tries + 1):
            try:
                return action()
            except Exception as error:
                problem = classify(error)
                if not problem.retry or attempt == self.tries:
                    raise
                wait_s = self.delay_s * 2 ** (attempt - 1)
                wait_s = min(max(wait_s, problem.retry_after_s or 0.0), LONGEST_WAIT_S)
                print(hidden(f"again in {wait_s:.0f} s: {problem.message}"), file=sys.stderr)
                self.sleep(wait_s)
        raise AssertionError("unreachable: tries is at least 1")


def matching(names: list[str], patterns: list[str]) -> list[str]:
    return [name for name in names if not patterns or any(fnmatch(name, p) for p in patterns)]


def size_on_disk(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def missing_contents(answer: Answer, files: dict[str, HubFile]) -> dict[str, int]:
    """What a fetch of these files would bring: bytes, by the place where each content comes to lie.

    Revisions of a repository share equal contents, so whoever adds up several answers counts a
    place once. Of a download that was broken off the client's older releases keep a part under this
    name and go on from there; newer ones begin anew and leave nothing under it.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.file_download import repo_folder_name

    # The client keeps the name that it was asked by, whatever the repository is called now.
    cache = Path(HF_HUB_CACHE) / repo_folder_name(repo_id=answer.id, repo_type=answer.kind)
    missing: dict[str, int] = {}
    for name, file in files.items():
        there = try_to_load_from_cache(
            answer.id, name, revision=answer.commit, repo_type=answer.kind
        )
        if isinstance(there, str):
            continue
        if not file.blob:
            missing[str(cache / "snapshots" / answer.commit / name)] = file.size
            continue
        blob = cache / "blobs" / file.blob
        if not blob.exists():
            begun = size_on_disk(blob.with_name(f"{file.blob}.incomplete"))
            missing[str(blob)] = max(0, file.size - begun)
    return missing


def bytes_to_fetch(answer: Answer, files: dict[str, HubFile]) -> int:
    return sum(missing_contents(answer, files).values())


def check_space(answer: Answer, files: dict[str, HubFile]) -> None:
    """Before the first byte: a disk that fills up takes more than this download with it."""
    from huggingface_hub.constants import HF_HUB_CACHE

    needed = bytes_to_fetch(answer, files)
    cache = Path(HF_HUB_CACHE).absolute()
    there = next(p for p in [cache, *cache.parents] if p.exists())
    free = shutil.disk_usage(there).free
    if needed and needed + SPARE_BYTES > free:
        raise NoSpace(
            f"{needed / 1e9:.1f} GB are to be fetched to {cache}, and {free / 1e9:.1f} GB are free:"
            " free some space, or set HF_HOME to a larger disk"
        )


def check_access(info: Any, wanted: list[str], answer: Answer, retry: Retry) -> None:
    """A gated repository describes itself to anyone; only its files tell who may read it."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    if not info.gated or not wanted:
        return
    # A card or licence may be open where the data is not.
    content = [n for n in wanted if not n.startswith(".") and not n.endswith((".md", ".txt"))]
    name = (content or wanted)[0]
    url = hf_hub_url(info.id, name, repo_type=answer.kind, revision=answer.commit)
    retry.call(lambda: get_hf_file_metadata(url))


def resolve_online(
    answer: Answer,
    allow: list[str],
    retry: Retry,
    described: Callable[[Any], None] = lambda info: None,
) -> dict[str, HubFile]:
    """Returns the files that match, by name. `described` is called with the repository's own
    description as soon as it is there."""
    from huggingface_hub import HfApi

    info = retry.call(
        lambda: HfApi().repo_info(
            answer.id,
            repo_type=answer.kind,
            revision=answer.revision or None,
            files_metadata=True,
        )
    )
    described(info)
    answer.commit = info.sha or ""
    if info.id and info.id.lower() != answer.id.lower():
        answer.status, answer.renamed_to = "renamed", info.id
        answer.message = f"it is now called {info.id}"
    files = {s.rfilename: HubFile(s.size or 0, blob_of(s)) for s in info.siblings or []}
    wanted = matching(list(files), allow)
    answer.files, answer.bytes = len(wanted), sum(files[name].size for name in wanted)
    check_access(info, wanted, answer, retry)
    if not wanted:
        answer.status = "missing"
        answer.message = f"no file matches {', '.join(allow)}" if allow else "it holds no files"
    return {name: files[name] for name in wanted}


def blob_of(sibling: Any) -> str:
    """What the hub gives as the content's ETag, by which the cache names it: Git's own hash, of a
    large file the SHA-256 that stands in Git for it."""
    lfs = getattr(sibling, "lfs", None)
    return (lfs.sha256 if lfs is not None else getattr(sibling, "blob_id", None)) or ""


def describe_folder(answer: Answer, folder: str, allow: list[str]) -> None:
    root = Path(folder)
    names = [p.relative_to(root).as_posix() for p in sorted(root.rglob("*")) if p.is_file()]
    wanted = matching(names, allow)
    answer.folder, answer.commit = folder, root.name
    answer.files = len(wanted)
    answer.bytes = sum((root / name).stat().st_size for name in wanted)


def found_whole(answer: Answer, allow: list[str]) -> bool:
    """Whether a fetch would bring nothing and change nothing, its contents all there: the cache
    takes the revision for the same commit as the hub. Then `answer` is what the fetch would say."""
    try:
        folder = snapshot(answer, allow, answer.revision, local=True)
    except Exception:  # whatever the client raises where it does not find it
        return False
    if Path(folder).name != answer.commit:
        return False
    describe_folder(answer, folder, allow)
    return True


def snapshot(answer: Answer, allow: list[str], revision: str, *, local: bool) -> str:
    from huggingface_hub import snapshot_download

    return snapshot_download(
        answer.id,
        repo_type=answer.kind,
        revision=revision or None,
        allow_patterns=allow or None,
        local_files_only=local,
    )


def bytes_in(folder: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):  # made, renamed and removed meanwhile
        for entry in os.scandir(folder):
            with contextlib.suppress(OSError):
                total += entry.stat().st_size
    return total


@contextlib.contextmanager
def progress_told(answer: Answer, to_fetch: int, tell: Callable[[str], None]) -> Iterator[None]:
    """Tells how much has come, by what lies in the repository's folder of the cache: whatever way
    the client takes (its own threads, xet), the bytes arrive there."""
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.file_download import repo_folder_name

    name = repo_folder_name(repo_id=answer.renamed_to or answer.id, repo_type=answer.kind)
    blobs = [Path(HF_HUB_CACHE) / name / "blobs"]
    if answer.renamed_to:  # the client keeps the name that it was asked by
        name = repo_folder_name(repo_id=answer.id, repo_type=answer.kind)
        blobs.append(Path(HF_HUB_CACHE) / name / "blobs")
    before = sum(bytes_in(folder) for folder in blobs)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(PROGRESS_EVERY_S):
            come = sum(bytes_in(folder) for folder in blobs) - before
            tell(
                json.dumps(
                    {"fetched_bytes": min(max(come, 0), to_fetch), "to_fetch_bytes": to_fetch}
                )
            )

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def fetch_online(answer: Answer, allow: list[str], retry: Retry) -> None:
    # Asked for by its own name, a branch is noted in the cache and found there without a network
    # later on; if it moved since it was resolved, the commit is fetched.
    folder = retry.call(lambda: snapshot(answer, allow, answer.revision, local=False))
    if answer.commit and Path(folder).name != answer.commit:
        folder = retry.call(lambda: snapshot(answer, allow, answer.commit, local=False))
    describe_folder(answer, folder, allow)


def offline_wanted(flag: bool) -> bool:
    return flag or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")


def set_problem(answer: Answer, problem: Problem) -> None:
    answer.status, answer.message, answer.folder = problem.status, problem.message, ""


def work(
    command: str,
    answer: Answer,
    allow: list[str],
    *,
    offline: bool,
    retry: Retry,
    tell: Callable[[str], None] | None = None,
) -> Answer:
    try:
        if offline_wanted(offline):
            describe_folder(answer, snapshot(answer, allow, answer.revision, local=True), allow)
            return answer
        files = resolve_online(answer, allow, retry)
        if command == "fetch" and answer.status in ("ok", "renamed"):
            check_space(answer, files)
            to_fetch = bytes_to_fetch(answer, files) if tell else 0
            told = progress_told(answer, to_fetch, tell) if tell and to_fetch else None
            with told or contextlib.nullcontext():
                fetch_online(answer, allow, retry)
    except ImportError as error:
        set_problem(answer, Problem("error", hidden(f"huggingface_hub is missing: {error}")))
    except Exception as error:  # whatever the client raises becomes a status
        set_problem(answer, classify(error))
    return answer


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m assay_worker.hub")
    parser.add_argument("command", choices=["resolve", "fetch"])
    parser.add_argument("--kind", choices=["model", "dataset"], required=True)
    parser.add_argument("--id", required=True)
    parser.add_argument("--revision", default="")
    parser.add_argument("--allow", action="append", default=[])
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--progress", action="store_true")
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument("--delay-s", type=float, default=1.0)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    answer = Answer(id=options.id, kind=options.kind, revision=options.revision)
    retry = Retry(tries=max(1, options.tries), delay_s=options.delay_s)
    answers = sys.stdout

    def tell(line: str) -> None:
        print(line, file=answers, flush=True)

    # The client may print; standard output carries the answer alone, and what comes before it.
    with contextlib.redirect_stdout(sys.stderr):
        work(
            options.command,
            answer,
            options.allow,
            offline=options.offline,
            retry=retry,
            tell=tell if options.progress else None,
        )
    answer.message = hidden(answer.message)
    print(json.dumps(asdict(answer)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
