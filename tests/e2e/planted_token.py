"""A token in the environment reaches nothing that a run leaves behind."""

import json
import shutil

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
