"""A token in the environment reaches nothing that a run leaves behind."""

import base64
import json
import shutil
import subprocess
import sys
from urllib.parse import quote

from remote import ROOT, SCRIPTED, WORK, assay, fake_model

TOKEN = "hf_plantedplantedplantedplanted"


def test_no_token_is_left_behind():
    folder = WORK.parent / "token"
    shutil.rmtree(folder, ignore_errors=True)
    model = fake_model(folder / "model")
    plan = folder / "plan.yaml"
    plan.write_text(SCRIPTED.replace("/none", str(model)))
    script = {"print_env": ["HF_TOKEN", "OPENAI_API_KEY"]}
    run = assay("run", plan, "--data", ROOT / "data", "--out", folder / "out", HF_TOKEN=TOKEN,
                OPENAI_API_KEY=TOKEN, ASSAY_FAKE_SCRIPT=json.dumps(script),
                ASSAY_SCRIPTED_WORKER=str(ROOT / "tests/fakes/fake_worker.py"))
    assert run.returncode == 0, run.stderr
    files = [p for p in (folder / "out").rglob("*") if p.is_file()]
    assert len(files) > 8, files
    for file in files:
        assert TOKEN.encode() not in file.read_bytes(), f"the token stands in {file}"
    assert TOKEN not in run.stdout + run.stderr
    log = (folder / "out/logs/bf16.log").read_text()
    assert "HF_TOKEN: [secret]\nOPENAI_API_KEY: [secret]\n" in log, log
    # A plan is copied into the results, so it may hold none.
    plan.write_text(plan.read_text() + f"env: {{HF_TOKEN: {TOKEN}}}\n")
    refused = assay("run", plan, "--out", folder / "no")
    assert refused.returncode == 2 and TOKEN not in refused.stdout + refused.stderr


KEY = "ky/9%a-bcdef+0123456789"
SPELLINGS = [KEY, quote(KEY, safe=""), KEY.replace("/", "\\/"),
             base64.b64encode(KEY.encode()).decode()]
ENDPOINT = """name: repeats
engine: {{kind: openai, base_url: "{url}", api_key_env: SOME_NAME, retry_for: 2s}}
variants:
  - {{name: bf16, model: fake-model, baseline: true}}
  - {{name: int4, model: fake-model}}
tasks:
  - {{name: aime24, limit: 4, max_gen_toks: 900}}
  - {{name: humaneval, limit: 4, max_gen_toks: 900}}
fidelity: {{items: 0}}
sandbox: {{accept_missing: [memory_cgroup]}}
"""


class Server:
    """fake_openai_server.py, which wants KEY and does what `script` says."""

    def __init__(self, script):
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "tests/fakes/fake_openai_server.py",
             json.dumps({"api_key": KEY, **script})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)


def expect_no_key(folder, *runs):
    files = [p for p in folder.rglob("*") if p.is_file()] if folder.exists() else []
    for spelling in SPELLINGS:
        for file in files:
            assert spelling.encode() not in file.read_bytes(), f"{spelling} stands in {file}"
        for run in runs:
            assert spelling not in run.stdout + run.stderr, run.stdout + run.stderr
    return files


def run_repeats(name, script, **env):
    folder = WORK.parent / "repeats" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Server(script) as server:
        plan = folder / "plan.yaml"
        plan.write_text(ENDPOINT.format(url=server.url))
        env = {"SOME_NAME": KEY, **env}
        run = assay("run", plan, "--data", ROOT / "data", "--out", folder / "out", **env)
    return folder / "out", run, env


def test_a_key_that_is_repeated_in_answers():
    words = "".join(f"Your key is {spelling}. " for spelling in SPELLINGS)
    code = f"```python\nprint('{KEY}')\nraise ValueError('{KEY}')\n```"
    script = {"default": {"text": f"{words}\n{code}\n\\boxed{{{KEY}}}"}, "split": True,
              "owned_by": f"owner of {KEY}"}
    out, run, env = run_repeats("answers", script)
    assert run.returncode == 0, run.stderr
    frozen = json.loads((out / "plan.frozen.json").read_text())
    items = [item["id"] for task in frozen["tasks"] for item in task["items"]]
    explained = [assay("explain", out, item, **env) for item in items]
    assert all(one.returncode == 0 for one in explained), explained
    again = assay("report", out, **env)
    assert len(expect_no_key(out, run, again, *explained)) > 8
    samples = "".join(p.read_text() for p in out.rglob("*.jsonl"))
    assert "Your key is [secret]" in samples, samples[:2000]


def test_a_key_that_is_repeated_in_errors():
    # The message is shortened to 200 bytes, in the middle of the key.
    message = {"error": {"message": "x" * 165 + f" Incorrect API key provided: {KEY}"}}
    for status in (400, 401, 429, 500):
        fault = {"do": "status", "status": status, "body": json.dumps(message), "after": 2,
                 "headers": {"WWW-Authenticate": f'Bearer realm="{KEY}"', "X-Echo": KEY}}
        out, run, _ = run_repeats(f"errors-{status}", {"faults": [fault]})
        assert run.returncode in (0, 3), run.stderr
        expect_no_key(out, run)
        fault = {**fault, "path": "models", "after": 0}
        out, run, _ = run_repeats(f"start-{status}", {"faults": [fault]})
        assert run.returncode == 3, run.stderr
        assert status >= 429 or "provided: [secr" in run.stderr, run.stderr
        expect_no_key(out, run)


def test_a_proxys_password_and_a_wrong_models_name():
    user = "someone:" + quote(KEY, safe="")
    proxy = {"HF_PROXY_OF_MINE": f"http://{user}@127.0.0.1:9"}
    out, run, _ = run_repeats("proxy", {"default": {"text": user}}, **proxy)
    assert run.returncode == 0, run.stderr
    expect_no_key(out, run)
    out, run, _ = run_repeats("name", {"model": f"model-{KEY}"})
    assert run.returncode == 3 and "it serves model-[secret]" in run.stderr, run.stderr
    expect_no_key(out, run)
