"""plans/qwen3_32b_3h.yaml as its author runs it, on a machine without a GPU: the hub is one on the
loopback that serves the demo's models and rows of ours under the real names and in the real
layouts, the engine is small, the data disk a folder. Killed, gone on with, pulled, summarised.
"""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from loopback_sshd import Sshd

ROOT = Path(__file__).resolve().parents[2]
ASSAY = ROOT / "build/release/assay"
WORK = ROOT / "build/e2e"
MARK = "ASSAY_E2E=" + uuid.uuid4().hex
TOKEN = "hf_plantedplantedmission"
JUDGE_KEY = "sk-plantedplantedjudge"
GATED = "N/A (HF gated)"
sys.path.insert(0, str(ROOT / "worker/tests"))

MODELS = {"bf16": "Qwen/Qwen3-32B", "fp8": "Qwen/Qwen3-32B-FP8", "nvfp4": "RedHatAI/Qwen3-32B-NVFP4"}
ENGINE = [
    "engine.tensor_parallel_size=1", "engine.gpu_memory_utilization=0.3", "engine.dtype=bfloat16",
    "engine.enforce_eager=true", "engine.max_num_seqs=64", "engine.max_num_batched_tokens=1024",
    "env.VLLM_CPU_KVCACHE_SPACE='2'", "env.VLLM_ENABLE_V1_MULTIPROCESSING='0'",
    "env.VLLM_NO_USAGE_STATS='1'", "env.OMP_WAIT_POLICY=passive",
]
# Where precision is not the question: without AVX-512 torch multiplies float32 several times as fast as
# bfloat16, and prompts are what an engine on a CPU is busy with.
FLOAT32 = "engine.dtype=float32"
SMALL = [
    "tasks.aime24.limit=2", "tasks.math500.limit=3", "tasks.mmlu_pro.limit=1",
    "tasks.gpqa_diamond.limit=2", "tasks.livecodebench.limit=2", "tasks.scicode.limit=1",
    "tasks.aime24.max_gen_toks=24", "tasks.math500.max_gen_toks=24",
    "tasks.livecodebench.max_gen_toks=24", "tasks.scicode.max_gen_toks=16",
    "fidelity.items=4", "fidelity.max_tokens=16",
]


class Machine:
    """A data disk, a home that must stay empty, and the hub."""

    def __init__(self, disk):
        from local_hub import LocalHub, Repo  # worker/tests

        self.disk, self.home = Path(disk), Path(disk) / "home"
        self.home.mkdir()
        layouts = self.layouts = WORK / f"layouts.{os.getpid()}"  # tests run beside each other
        shutil.rmtree(layouts, ignore_errors=True)
        subprocess.run([ROOT / ".venv/bin/python", ROOT / "worker/tests/hub_layouts.py",
                        ROOT / "data", layouts], check=True)
        self.hub = LocalHub()
        self.hub.tokens = {TOKEN}
        folders = {f"datasets/{f.relative_to(layouts)}": f for f in layouts.glob("*/*")}
        folders |= {f"models/{id}": ROOT / "build/demo-models" / v for v, id in MODELS.items()}
        for name, folder in folders.items():
            files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
            self.hub.repos[name] = Repo(files)
        # Both want an account; this one was let in to the first.
        for name, granted in (("datasets/Idavidrein/gpqa", {TOKEN}), ("datasets/cais/hle", set())):
            self.hub.repos[name].gated = True
            self.hub.repos[name].granted = frozenset(granted)

    def environment(self, **more):
        name, value = MARK.split("=")
        left_out = ("HF_", "HUGGING", "XDG_", "TMPDIR", "VLLM_", "TRITON_", "TORCHINDUCTOR_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        return {**kept, name: value, "HOME": str(self.home), "HF_ENDPOINT": self.hub.endpoint,
                "HF_TOKEN": TOKEN, **more}

    def arguments(self, *settings):
        out = ["run", "plans/qwen3_32b_3h.yaml"]
        folders = (f"output={self.disk}/${{name}}", f"env.HF_HOME={self.disk}/hf",
                   f"env.XDG_CACHE_HOME={self.disk}/hf", f"env.TMPDIR={self.disk}/tmp")
        for setting in (*folders, *ENGINE, *settings):
            out += ["--set", setting]
        return out

    def assay(self, *arguments, timeout=900, **env):
        return subprocess.run([str(ASSAY), *map(str, arguments)], cwd=ROOT,
                              env=self.environment(**env), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, check=False)


@contextlib.contextmanager
def machine():
    WORK.mkdir(parents=True, exist_ok=True)
    # Short: engines put sockets into TMPDIR.
    with tempfile.TemporaryDirectory(prefix="assay_e2e_", ignore_cleanup_errors=True) as disk:
        one = Machine(disk)
        try:
            yield one
        finally:
            one.hub.close()
            shutil.rmtree(one.layouts, ignore_errors=True)


def rows(store, sql):
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        return connection.execute(sql).fetchall()


def ours_alive():
    """Processes that carry this test's mark, so were started below it."""
    alive = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            if state != "Z" and MARK.encode() in (entry / "environ").read_bytes():
                alive.append(int(entry.name))
        except OSError:
            continue
    return alive


def killed_in_the_middle(place, arguments, out):
    """Starts the run and kills it once answers are stored; gives these answers."""
    first = subprocess.Popen([str(ASSAY), *arguments], cwd=ROOT, env=place.environment(),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
    deadline = time.monotonic() + 600
    kept = []
    while len(kept) < 4:
        assert first.poll() is None, first.stderr.read().decode()
        assert time.monotonic() < deadline, "no response in ten minutes"
        time.sleep(0.2)
        with contextlib.suppress(sqlite3.Error):
            kept = rows(out / "store.sqlite", "SELECT key, body FROM responses")
    first.send_signal(signal.SIGKILL)
    first.wait()
    gone_by = time.monotonic() + 5
    while ours_alive() and time.monotonic() < gone_by:
        time.sleep(0.1)
    assert not ours_alive(), f"still alive 5 s after SIGKILL: {ours_alive()}"
    return rows(out / "store.sqlite", "SELECT key, body FROM responses")


def tables_of(out, terminal):
    return {"terminal": terminal, **{n: (out / n).read_text() for n in ("report.md", "report.html")}}


def no_secret_in(*places):
    count = 0
    for place in places:
        for file in Path(place).rglob("*"):
            if file.is_file() and not file.is_symlink():
                content = file.read_bytes() if file.stat().st_size < 50_000_000 else b""
                count += 1
                for secret in (TOKEN, JUDGE_KEY):
                    assert secret.encode() not in content, f"a secret stands in {file}"
    assert count > 8, count


def check_report(out, stdout):
    report = json.loads((out / "results.json").read_text())
    assert [v["name"] for v in report["variants"]] == ["bf16", "fp8", "nvfp4"]
    assert len(report["tasks"]) == 7
    for task in report["tasks"]:
        for variant, cell in task["cells"].items():
            gated = task["name"] == "hle"
            assert cell["not_available"] == (GATED if gated else ""), (task["name"], variant)
            assert gated or "robust" in cell["metrics"], (task["name"], variant)
    for name, text in tables_of(out, stdout).items():
        assert GATED in text, name


def check_frozen(place, out, first_math500):
    """Commits of all that came from the hub, those of the first start."""
    frozen = json.loads((out / "plan.frozen.json").read_text())
    for variant in frozen["variants"]:
        repo = place.hub.repos[f"models/{MODELS[variant['name']]}"]
        assert variant["revision"] == repo.commit, variant["name"]
    for task in frozen["tasks"]:
        if task["name"] == "hle":
            assert (task["hub_id"], task["revision"]) == ("", "")
        elif task["name"] == "math500":
            assert task["revision"] == first_math500 != place.hub.repos[
                "datasets/HuggingFaceH4/MATH-500"].commit
        else:
            assert task["revision"] == place.hub.repos[f"datasets/{task['hub_id']}"].commit


def check_folders(place, out):
    """Results, logs and caches where the plan put them, and nowhere else."""
    for name in ("results/bf16", "logs/bf16.log", "logs/fp8.log", "logs/nvfp4.log", "store.sqlite"):
        assert (out / name).exists(), name
    hub = place.disk / "hf/hub"
    assert (hub / "models--Qwen--Qwen3-32B/snapshots").is_dir()
    assert (hub / "datasets--TIGER-Lab--MMLU-Pro/snapshots").is_dir()
    assert (place.disk / "hf/assay/hashes.json").is_file()
    assert (place.disk / "tmp").is_dir()
    for name in ("vllm", "triton", "inductor", "nv"):
        assert (place.disk / "hf" / name).is_dir(), name
    in_home = [str(p.relative_to(place.home)) for p in place.home.rglob("*")]
    assert not in_home, f"written to the home folder: {in_home[:5]}"
    frozen_in = {p.name for p in place.disk.iterdir()}
    assert frozen_in == {"home", "hf", "tmp", "qwen3_32b_vllm_stdbench_tp2_3hr"}, frozen_in


def check_pull(place, out, stdout):
    sshd = Sshd(WORK / "mission_sshd")
    try:
        near = WORK / "mission_artifacts"
        shutil.rmtree(near, ignore_errors=True)
        pulled = place.assay("pull", f"box:{out}", "--to", near, "--ssh", sshd.ssh)
    finally:
        sshd.close()
    assert pulled.returncode == 0, pulled.stderr
    target = near / out.name
    sums = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=target, check=False)
    assert sums.returncode == 0
    for name in ("report.md", "results.json", "logs/bf16.log"):
        assert (target / name).read_bytes() == (out / name).read_bytes(), name
    table = place.assay("summarize", target, "--format", "markdown")
    assert table.returncode == 0 and GATED in table.stdout, table.stderr
    for column in ("bf16", "fp8", "nvfp4", "aime24", "scicode"):
        assert column in table.stdout.lower(), (column, table.stdout)
    again = place.assay("score", target)
    assert again.returncode == 0 and again.stdout.splitlines()[:-1] == stdout.splitlines()[:-1]


def test_plan_of_the_mission_to_the_table():
    with machine() as place:
        arguments = place.arguments(*SMALL)
        out = place.disk / "qwen3_32b_vllm_stdbench_tp2_3hr"
        kept = killed_in_the_middle(place, arguments, out)
        # Meanwhile the branch moves on: the run stays with the rows it began with.
        math500 = place.hub.repos["datasets/HuggingFaceH4/MATH-500"]
        first_commit = math500.commit
        math500.push({"test.jsonl": math500.files["test.jsonl"].read_bytes().replace(b"$", b"")})

        again = place.assay(*arguments)
        assert again.returncode == 0, again.stderr
        after = dict(rows(out / "store.sqlite", "SELECT key, body FROM responses"))
        for key, body in kept:
            assert after[key] == body, "a stored response was lost or made again"
        check_report(out, again.stdout)
        check_frozen(place, out, first_commit)
        check_folders(place, out)

        names = ("report.md", "results.json", "report.html", "plan.frozen.json")
        before = {name: (out / name).read_bytes() for name in names}
        loads = rows(out / "store.sqlite", "SELECT count(*) FROM loads")
        third = place.assay(*arguments)
        assert third.returncode == 0, third.stderr
        assert rows(out / "store.sqlite", "SELECT count(*) FROM loads") == loads
        assert third.stdout == again.stdout
        for name, content in before.items():
            assert (out / name).read_bytes() == content, f"{name} changed"
        no_secret_in(out)
        assert TOKEN not in again.stdout + again.stderr
        check_pull(place, out, again.stdout)


@contextlib.contextmanager
def judge_server(script):
    server = subprocess.Popen([sys.executable, ROOT / "tests/fakes/fake_openai_server.py",
                               json.dumps(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    try:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
    finally:
        server.stdin.close()
        server.wait(timeout=30)


def test_hle_opened_by_a_token_and_judged():
    """60 items, every second one free: 50 are run, the free ones of them judged at an endpoint that
    stumbles first, with a key of its own."""
    verdict = "Extracted answer: as said\nReasoning: it is the same\nCorrect: {}"
    script = {"model": "judge-model", "vllm": False, "api_key": JUDGE_KEY,
              "rules": [{"match": r"What is 0 plus", "text": verdict.format("no")}],
              "default": {"text": verdict.format("yes")},
              "faults": [{"do": "html", "times": 1}, {"do": "cut", "times": 1},
                         {"do": "status", "status": 500, "times": 1}]}
    with machine() as place, judge_server(script) as url:
        place.hub.repos["datasets/cais/hle"].granted = frozenset({TOKEN})
        judge = f"{{url: {url}, model: judge-model, key_env: JUDGE_API_KEY}}"
        run = place.assay(*place.arguments(
            "variants=[{name: bf16, model: Qwen/Qwen3-32B, baseline: true}]",
            "tasks=[{name: hle, limit: 50, max_gen_toks: 8, if_gated: skip, options: "
            f"{{judge: {judge}}}}}]", "fidelity.items=0", FLOAT32), JUDGE_API_KEY=JUDGE_KEY)
        assert run.returncode == 0, run.stderr
        out = place.disk / "qwen3_32b_vllm_stdbench_tp2_3hr"
        frozen = json.loads((out / "plan.frozen.json").read_text())["tasks"][0]
        assert len(frozen["items"]) == 50 and frozen["status"] == "ok"
        scores = [json.loads(body) for (body,) in rows(out / "store.sqlite",
                                                       "SELECT body FROM scores")]
        assert len(scores) == 50
        assert all(score["outcome"] == "scored" for score in scores), scores
        free = [score for score in scores if score["extra"]["answer_type"] == "exactMatch"]
        judged = [score for score in free if score["extra"].get("judged")]
        assert 20 <= len(free) < 50 and len(judged) >= len(free) - 2, (len(free), len(judged))
        said = {score["target"]: score["metrics"]["robust"] for score in judged}
        # "0 plus b" is what the judge calls wrong.
        assert {value for target, value in said.items() if int(target) > 9} == {1}, said
        assert 0 in said.values(), said
        assert "HLE" in run.stdout and GATED not in run.stdout
        seen = (out / "logs/judge.log").read_text()
        assert "again in" in seen, seen
        no_secret_in(out)
        assert TOKEN not in run.stdout + run.stderr and JUDGE_KEY not in run.stdout + run.stderr


@contextlib.contextmanager
def small_disk(folder, size_mib):
    """A file system of that size, where mounting is allowed; else nothing."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", folder],
                             capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)


def test_hub_trouble_ends_a_run_before_an_engine():
    """A full disk, and what the hub may say, as a user meets it: exit code, three lines, no engine, no token."""
    one_task = ["variants=[{name: bf16, model: Qwen/Qwen3-32B, baseline: true}]",
                "tasks=[{name: math500, limit: 2, max_gen_toks: 8}]"]
    with machine() as place:
        repo = place.hub.repos["datasets/HuggingFaceH4/MATH-500"]

        def run(code, *words, settings=one_task, **env):
            result = place.assay(*place.arguments(*settings), **env)
            assert result.returncode == code, (result.returncode, result.stderr)
            lines = [line.split(":")[0].strip() for line in result.stderr.strip().split("\n")[-3:]]
            assert lines == ["error", "why", "do"], result.stderr
            for word in words:
                assert word in result.stderr, (word, result.stderr)
            assert not (place.disk / "qwen3_32b_vllm_stdbench_tp2_3hr/logs").exists()
            assert TOKEN not in result.stderr

        with small_disk(place.disk / "small", 64) as mounted:
            if mounted:
                small = f"{place.disk}/small"
                run(3, "too little space for the run", "--out", settings=[f"output={small}/run"])
                run(3, "too little space for HF_HOME", settings=[f"env.HF_HOME={small}/hf"])
                assert not place.hub.requests, "the hub was asked all the same"
        # Two of the three models would leave the gigabyte free that must stay so.
        with small_disk(place.disk / "larger", 1024 + 200) as mounted:
            for id in MODELS.values() if mounted else ():
                place.hub.repos[f"models/{id}"].claimed = {"model.safetensors": 80 << 20}
            if mounted:
                run(3, "to fetch and 1.0 GiB to spare, for", "models and data",
                    settings=[f"env.HF_HOME={place.disk}/larger/hf", one_task[1]])
                assert not any("/resolve/" in r for r in place.hub.requests), place.hub.requests
            for id in MODELS.values():
                place.hub.repos[f"models/{id}"].claimed = {}
        run(3, "the hub does not accept the token", HF_TOKEN="hf_thisoneexpired")
        gated = [one_task[0], "tasks=[{name: hle, limit: 2, max_gen_toks: 8}]"]
        run(3, "gated", "if_gated: skip", settings=gated, HF_TOKEN="")
        columns = repo.files["test.jsonl"].read_bytes()
        repo.push({"test.jsonl": columns.replace(b'"problem":', b'"question":')})
        run(2, "test.jsonl:1", "problem", "it is missing")
        repo.push({"test.jsonl": columns})
        run(2, "no such revision", settings=[
            one_task[0], "tasks=[{name: math500, limit: 2, max_gen_toks: 8, revision: v9}]"])
