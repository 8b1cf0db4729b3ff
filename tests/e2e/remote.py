"""assay pull, launch, watch and stop against a real sshd on the loopback."""

import contextlib
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

from loopback_sshd import Sshd

ROOT = Path(__file__).resolve().parents[2]
ASSAY = ROOT / "build/release/assay"
WORK = ROOT / "build/e2e/remote"


def assay(*arguments, **env):
    return subprocess.run([str(ASSAY), *map(str, arguments)], cwd=ROOT, env={**os.environ, **env},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
                          check=False)


@contextlib.contextmanager
def machine(name):
    """A far machine (this one, through ssh) and a folder for each side."""
    shutil.rmtree(WORK / name, ignore_errors=True)
    sshd = Sshd(WORK / name / "sshd")
    try:
        yield sshd, WORK / name / "far", WORK / name / "near"
    finally:
        sshd.close()


def make_run(folder):
    """A run as `assay run` leaves it, with a writer that still holds its store open."""
    (folder / "results/bf16").mkdir(parents=True)
    (folder / "logs").mkdir()
    (folder / "results/bf16/a 'quoted' name.json").write_text("{}")
    (folder / "logs/bf16.log").write_bytes(os.urandom(6 << 20))
    (folder / "report.md").write_text("# report\n")
    (folder / "private.txt").write_text("stays there")
    store = sqlite3.connect(folder / "store.sqlite", check_same_thread=False)
    store.executescript("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;")
    return store


def store_tables(connection):
    """The tables of docs/store.md that reading counts on, at schema version 2."""
    connection.executescript("""PRAGMA user_version=2;
        CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT);
        CREATE TABLE responses(key TEXT PRIMARY KEY, load INTEGER, body TEXT);""")


def three_lines(result, *words):
    assert result.returncode != 0, result.stdout
    assert [line.split(":")[0].strip() for line in result.stderr.strip().split("\n")] == [
        "error", "why", "do"], result.stderr
    for word in words:
        assert word in result.stderr, (word, result.stderr)


def test_pull_from_a_run_that_is_being_written():
    with machine("pull") as (sshd, far, near):
        far = far / "a run"  # a space, for the shells in between
        store = make_run(far)
        store_tables(store)
        with store:
            store.executemany("INSERT INTO responses VALUES(?, 1, ?)",
                              [(f"k{i}", "x" * 2000) for i in range(500)])
        assert (far / "store.sqlite-wal").stat().st_size > 500_000, "nothing waits in the WAL"
        writing = threading.Event()

        def write():
            number = 1000
            while not writing.is_set():
                with store:
                    store.execute("INSERT INTO responses VALUES(?, 1, 'y')", (f"k{number}",))
                number += 1
                time.sleep(0.005)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            first = assay("pull", f"box:{far}", "--to", near, "--ssh", sshd.ssh)
        finally:
            writing.set()
            writer.join()
        assert first.returncode == 0, first.stderr
        target = near / "a run"
        assert (target / "report.md").read_text() == "# report\n"
        assert (target / "logs/bf16.log").read_bytes() == (far / "logs/bf16.log").read_bytes()
        assert (target / "results/bf16/a 'quoted' name.json").exists()
        assert not (target / "private.txt").exists()
        with sqlite3.connect(target / "store.sqlite") as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert copy.execute("SELECT count(*) FROM responses").fetchone()[0] >= 500
        sums = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=target, capture_output=True,
                              text=True, check=False)
        assert sums.returncode == 0 and "store.sqlite: OK" in sums.stdout, sums
        with store:
            store.execute("INSERT INTO responses VALUES('last', 1, 'z')")
        again = assay("pull", f"box:{far}/", "--to", near, "--ssh", sshd.ssh)
        assert again.returncode == 0, again.stderr
        with sqlite3.connect(target / "store.sqlite") as copy:
            assert copy.execute("SELECT body FROM responses WHERE key='last'").fetchone() == ("z",)
        store.close()


def test_pull_goes_on_where_it_was_cut():
    with machine("cut") as (sshd, far, near):
        make_run(far).close()
        # A connection that ends after 2 MB of rsync's answer.
        cutting = sshd.folder / "cutting"
        cutting.write_text(f"""#!{sys.executable}
import os, subprocess, sys, time
command = {sshd.ssh.split()!r} + sys.argv[1:]
if "rsync" not in " ".join(command):
    os.execvp(command[0], command)
child = subprocess.Popen(command, stdout=subprocess.PIPE)
os.set_blocking(1, True)  # rsync hands out an end that does not wait
left = 2_000_000
while left > 0 and (data := os.read(child.stdout.fileno(), min(left, 65536))):
    left -= len(data)
    while data:
        data = data[os.write(1, data):]
time.sleep(1)  # rsync keeps what it had read when it notices the end
child.kill()
""")
        cutting.chmod(0o755)
        broken = assay("pull", f"box:{far}", "--to", near, "--no-store", "--ssh", cutting)
        three_lines(broken, "cannot pull box:", "goes on where it stopped")
        assert broken.returncode == 3
        target = near / "far"
        assert not (target / "logs/bf16.log").exists(), "half a file under its own name"
        part = target / "logs/.rsync-partial/bf16.log"
        assert part.stat().st_size > 1_000_000
        whole = assay("pull", f"box:{far}", "--to", near, "--no-store", "--ssh", sshd.ssh)
        assert whole.returncode == 0, whole.stderr
        digest = hashlib.sha256((far / "logs/bf16.log").read_bytes()).hexdigest()
        assert hashlib.sha256((target / "logs/bf16.log").read_bytes()).hexdigest() == digest
        assert not part.exists()
        # Same size and time, another content: the checksums see it.
        log = target / "logs/bf16.log"
        times = log.stat()
        with log.open("r+b") as file:
            file.write(b"spoilt!!")
        os.utime(log, ns=(times.st_atime_ns, times.st_mtime_ns))
        mended = assay("pull", f"box:{far}", "--to", near, "--no-store", "--ssh", sshd.ssh)
        assert mended.returncode == 0, mended.stderr
        assert hashlib.sha256(log.read_bytes()).hexdigest() == digest


def test_pull_errors():
    with machine("errors") as (sshd, far, near):
        far.mkdir()

        def pull(place, ssh):
            return assay("pull", place, "--to", near, "--ssh", ssh)

        three_lines(pull(f"box:{far}", sshd.client("changed", "other_host", "user")),
                    "the host key of box has changed", "ssh-keygen -R")
        unknown = sshd.client("unknown", "host", "user")
        (sshd.folder / "known_unknown").write_text("")
        three_lines(pull(f"box:{far}", unknown), "the host key of box is not known here")
        # The sshd takes passwords, there is no terminal, and ssh knows a program that would ask.
        asking = sshd.folder / "askpass"
        asking.write_text(f"#!/bin/sh\ntouch {sshd.folder}/asked\necho secret\n")
        asking.chmod(0o755)
        ask = {"SSH_ASKPASS": str(asking), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":9"}
        stranger = assay("pull", f"box:{far}", "--to", near, "--ssh",
                         sshd.client("stranger", "host", "stranger"), **ask)
        three_lines(stranger, "box does not let us in without a password",
                    "Permission denied (publickey,password)", "ssh-copy-id")
        assert stranger.returncode == 3
        assert not (sshd.folder / "asked").exists(), "a password was asked for"
        none = pull(f"box:{far}/none", sshd.ssh)
        three_lines(none, "there is no folder", "none")
        assert none.returncode == 2
        empty = pull(f"box:{far}", sshd.ssh)
        three_lines(empty, "there is no run in")
        assert empty.returncode == 2
        for bad in ("box", "box:", ":/x", "box:-x", "box:/"):
            three_lines(pull(bad, sshd.ssh), "names no folder on another machine")
        (far / "results").mkdir()
        (far / "store.sqlite").write_text("this is no store " * 100)
        three_lines(pull(f"box:{far}", sshd.ssh), "cannot copy the store on box")
        sshd.close()
        three_lines(pull(f"box:{far}", sshd.ssh), "box cannot be reached", "Connection refused")
        three_lines(pull("no-such-host.invalid:/x", "ssh"), "no-such-host.invalid cannot be reached")


SCRIPTED = """name: far
budget: 10m
engine: {kind: scripted, max_model_len: 4096}
variants:
  - {name: bf16, model: /none, baseline: true}
tasks:
  - {name: aime24, limit: 4, max_gen_toks: 64}
compare: {margin_pp: 3, alpha: 0.05}
fidelity: {items: 0}
canary: off
"""


def launch_arguments(sshd, far, plan, model):
    return ["launch", f"box:{far}", plan, "--data", ROOT / "data", "--ssh", sshd.ssh,
            "--set", f"variants.bf16.model={model}", "--python", ROOT / ".venv/bin/python3",
            "--env", "ASSAY_SCRIPTED_WORKER", "--env", "ASSAY_FAKE_SCRIPT"]


def fake_model(folder):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"architectures": ["Fake"]}')
    (folder / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_launch_watch_pull():
    with machine("launch") as (sshd, far, near):
        model = fake_model(WORK / "launch/model")
        plan = WORK / "launch/plan.yaml"
        plan.write_text(SCRIPTED)
        env = {"ASSAY_SCRIPTED_WORKER": str(ROOT / "tests/fakes/fake_worker.py"),
               "ASSAY_FAKE_SCRIPT": '{"load_s": 8}'}
        relative = WORK / "launch/relative.yaml"
        relative.write_text(SCRIPTED.replace("/none", "./model"))
        three_lines(assay("launch", f"box:{far}", relative, "--ssh", sshd.ssh),
                    "names a folder of this machine", "--set variants.bf16.model=")
        assert not far.exists()
        bad = assay(*launch_arguments(sshd, far, plan, "/no/such/model"), **env)
        assert bad.returncode == 3 and "ended at once" in bad.stderr, bad.stderr
        assert "/no/such/model" in bad.stderr

        started = assay(*launch_arguments(sshd, far, plan, model), **env)
        assert started.returncode == 0, started.stderr
        second = assay(*launch_arguments(sshd, far, plan, model), **env)
        three_lines(second, "a run is in progress", "assay watch")

        printed, said = WORK / "launch/watch.out", WORK / "launch/watch.err"
        with printed.open("w") as out, said.open("w") as err:
            watching = subprocess.Popen(
                [ASSAY, "watch", f"box:{far}", "--ssh", sshd.ssh, "--retry-s", "1"], cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, text=True)
        # Let in is who has printed something; a connection cut before that is an error, for nothing
        # says that this host is the right one.
        deadline = time.monotonic() + 30
        while not printed.stat().st_size:
            assert time.monotonic() < deadline, "watch never connected"
            time.sleep(0.1)
        sshd.cut()
        assert watching.wait(timeout=120) == 0, said.read_text()
        assert "again in 1 s" in said.read_text(), said.read_text()
        whole = printed.read_text()
        log = (far / "logs/launch.log").read_text()
        assert whole == log + "the run ended with exit code 0\n", (whole, log)
        assert (far / ".launch/exit").read_text() == "0\n"
        assert "AIME 2024" in log

        pulled = assay("pull", f"box:{far}", "--to", near, "--ssh", sshd.ssh)
        assert pulled.returncode == 0, pulled.stderr
        assert "store: 4 responses" in pulled.stdout
        table = assay("summarize", near / "far", "--format", "markdown")
        assert table.returncode == 0 and "aime24" in table.stdout.lower(), table.stderr
        assert assay("report", near / "far").returncode == 0

        three_lines(assay("watch", f"box:{WORK}", "--ssh", sshd.ssh), "no run was launched")


def test_a_stopped_run_ends_as_interrupted_and_goes_on():
    with machine("stop") as (sshd, far, _):
        model = fake_model(WORK / "stop/model")
        plan = WORK / "stop/plan.yaml"
        plan.write_text(SCRIPTED)
        env = {"ASSAY_SCRIPTED_WORKER": str(ROOT / "tests/fakes/fake_worker.py"),
               "ASSAY_FAKE_SCRIPT": '{"load_s": 60}'}
        started = assay(*launch_arguments(sshd, far, plan, model), **env)
        assert started.returncode == 0, started.stderr
        stopped = assay("stop", f"box:{far}", "--ssh", sshd.ssh)
        assert stopped.returncode == 0, stopped.stderr
        assert "ended with exit code 130: everything answered is kept" in stopped.stdout
        assert (far / ".launch/exit").read_text() == "130\n"
        assert "interrupted" in (far / "logs/launch.log").read_text()
        again = assay("stop", f"box:{far}", "--ssh", sshd.ssh)
        assert again.returncode == 0 and "had ended before" in again.stdout, again
        env["ASSAY_FAKE_SCRIPT"] = "{}"
        assert assay(*launch_arguments(sshd, far, plan, model), **env).returncode == 0
        assert assay("watch", f"box:{far}", "--ssh", sshd.ssh).returncode == 0
        three_lines(assay("stop", f"box:{WORK}", "--ssh", sshd.ssh), "no run was launched")


def test_a_killed_run_is_reported_as_gone():
    with machine("gone") as (sshd, far, _):
        model = fake_model(WORK / "gone/model")
        plan = WORK / "gone/plan.yaml"
        plan.write_text(SCRIPTED)
        env = {"ASSAY_SCRIPTED_WORKER": str(ROOT / "tests/fakes/fake_worker.py"),
               "ASSAY_FAKE_SCRIPT": '{"load_s": 60}'}
        started = assay(*launch_arguments(sshd, far, plan, model), **env)
        assert started.returncode == 0, started.stderr
        supervisor = int((far / ".launch/pid").read_text().split()[0])
        os.killpg(supervisor, signal.SIGKILL)  # leader of the run's own session
        gone = assay("watch", f"box:{far}", "--ssh", sshd.ssh)
        three_lines_at_end = gone.stderr.strip().split("\n")[-3:]
        assert gone.returncode == 3 and "gone without a word" in three_lines_at_end[0], gone.stderr
