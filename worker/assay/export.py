"""A run's figures to where others keep theirs: W&B, MLflow, the Hugging Face hub (docs/python.md).

Each is its own client, installed by an extra: assay[wandb], assay[mlflow], assay[hub]. Only figures
go out unless asked otherwise: answers may hold a benchmark's questions.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.run import Run, StoreError, open_run

FIGURE_FILES = ("report.md", "results.json", "results.csv")
# Shows every answer beside the others'.
PAGE = "report.html"
# Their terms ask that no question appears where a crawler finds it, and an answer may repeat it.
# The beginnings of their names, lm-eval's variants of them too.
NEVER_SHOWN = ("gpqa", "hle")
POOLED_FIGURES = ("diff_pp", "interval_low_pp", "interval_high_pp", "n", "flips_to_wrong",
                  "flips_to_right")  # fmt: skip


@dataclass(frozen=True)
class VariantRecord:
    """What one variant is to a tracker: a run of its own."""

    name: str
    settings: dict[str, Any]  # what was run: texts and numbers
    figures: dict[str, float]  # what came out, by "task/metric"
    verdict: str  # of the pooled comparison; empty: the baseline's


def variant_records(run: Run) -> list[VariantRecord]:
    results = run.results
    return [record_of(results, variant, run.frozen) for variant in results["variants"]]


def record_of(
    results: dict[str, Any], variant: dict[str, Any], frozen: dict[str, Any]
) -> VariantRecord:
    name = variant["name"]
    facts = variant["facts"]
    settings = {
        "assay": results["assay"],
        "plan": results["name"],
        "variant": name,
        "model": variant["model"],
        "revision": variant["revision"],
        "baseline": variant["baseline"],
        "seed": frozen["plan"]["seed"],
        "margin_pp": results["margin_pp"],
        "alpha": results["alpha"],
        "dtype": facts["dtype"],
        "quantization": facts["quantization"],
        "kernels": ", ".join(sorted({kernel["name"] for kernel in facts["kernels"]})),
        "devices": ", ".join(facts["devices"]),
        **{f"version.{package}": version for package, version in facts["versions"].items()},
    }
    figures: dict[str, float] = {}
    for task in results["tasks"]:
        cell = task["cells"][name]
        for metric, mean in cell["metrics"].items():
            figures[f"{task['name']}/{metric}"] = mean
        for count in ("planned", "run", "scored", "truncated"):
            figures[f"{task['name']}/{count}"] = cell[count]
        if cell["paired"]:
            figures[f"{task['name']}/diff_pp"] = cell["paired"]["diff_pp"]
    pooled = results["pooled"].get(name)
    if pooled:
        figures |= {f"pooled/{key}": pooled[key] for key in POOLED_FIGURES}
    for key, estimate in results["fidelity"].get(name, {}).items():
        if isinstance(estimate, dict):
            figures[f"fidelity/{key}"] = estimate["value"]
    figures |= {f"speed/{key}": variant[key] for key in ("load_s", "tokens_per_s")}
    known = {key: float(value) for key, value in figures.items() if value is not None}
    return VariantRecord(name, settings, known, pooled["verdict"] if pooled else "")


def report_files(run: Run, *, answers: bool) -> list[Path]:
    """Those with figures; with `answers` the page too, where no task is closed."""
    names = [*FIGURE_FILES, *([PAGE] if answers and not closed_tasks(run) else [])]
    return [run.folder / name for name in names if (run.folder / name).is_file()]


def closed_tasks(run: Run) -> set[str]:
    return {t["name"] for t in run.frozen["tasks"] if t["benchmark"].startswith(NEVER_SHOWN)}


def client(module: str, extra: str) -> Any:
    try:
        return __import__(module)
    except ImportError:
        raise StoreError(
            f"there is no {module}", "its client does the sending", f"pip install 'assay[{extra}]'"
        ) from None


def to_wandb(run: Run, project: str, *, answers: bool = False, **init: Any) -> list[str]:
    """A W&B run a variant, in one group; their ids. `init` goes to wandb.init (entity, mode…)."""
    wandb = client("wandb", "wandb")
    results = run.results
    ids = []
    for record in variant_records(run):
        with wandb.init(
            project=project, group=results["name"], name=record.name, job_type="assay",
            config=record.settings, **init,
        ) as there:  # fmt: skip
            there.summary.update(record.figures | {"verdict": record.verdict})
            if not record.settings["baseline"]:
                there.log({"comparisons": comparison_table(wandb, results, record.name)})
            if record.settings["baseline"]:  # once a run
                artifact = wandb.Artifact(f"assay-{results['name']}", type="evaluation")
                for file in report_files(run, answers=answers):
                    artifact.add_file(str(file))
                there.log_artifact(artifact)
            ids.append(there.id)
    return ids


def comparison_table(wandb: Any, results: dict[str, Any], variant: str) -> Any:
    keys = ["n", "diff_pp", "interval_low_pp", "interval_high_pp", "verdict"]
    lines = [["(pooled)", *(results["pooled"][variant][key] for key in keys)]]
    for task in results["tasks"]:
        if found := task["cells"][variant]["paired"]:
            lines.append([task["name"], *(found[key] for key in keys)])
    return wandb.Table(columns=["task", *keys], data=lines)


def to_mlflow(
    run: Run, experiment: str, *, tracking_uri: str | None = None, answers: bool = False
) -> list[str]:
    """An MLflow run a variant, below one parent; their ids, the parent's first."""
    mlflow = client("mlflow", "mlflow")
    if tracking_uri is not None:
        mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment(experiment)
    results = run.results
    with mlflow.start_run(run_name=results["name"]) as parent:
        mlflow.set_tags({"assay": results["assay"], "end": results["end"]})
        for file in report_files(run, answers=answers):
            mlflow.log_artifact(str(file))
        ids = [parent.info.run_id]
        for record in variant_records(run):
            with mlflow.start_run(run_name=record.name, nested=True) as child:
                mlflow.log_params({mlflow_name(k): v for k, v in record.settings.items()})
                mlflow.log_metrics({mlflow_name(k): v for k, v in record.figures.items()})
                mlflow.set_tag("verdict", record.verdict or "baseline")
                ids.append(child.info.run_id)
    return ids


def mlflow_name(name: str) -> str:
    """It takes no comma and no bracket: "exact_match,strict-match"."""
    return re.sub(r"[^\w\-. :/]", ".", name)


def to_hub(
    run: Run, repo_id: str, *, private: bool = True, answers: bool = False, token: str | None = None
) -> str:
    """The report and lm-eval's result files as a data set on the hub; the commit's address."""
    hub = client("huggingface_hub", "hub")
    api = hub.HfApi(token=token)
    api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
    operations = [
        hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=content)
        for name, content in hub_files(run, answers=answers).items()
    ]
    info = api.create_commit(
        repo_id, operations, repo_type="dataset", commit_message=f"assay: {run.results['name']}"
    )
    return info.commit_url


def hub_files(run: Run, *, answers: bool) -> dict[str, bytes]:
    out = {"README.md": dataset_card(run.results).encode()}
    out |= {file.name: file.read_bytes() for file in report_files(run, answers=answers)}
    for file in sorted((run.folder / "results").glob("*/*")):
        if file.name.startswith("results_") or (answers and is_open_sample(run, file)):
            out[file.relative_to(run.folder).as_posix()] = file.read_bytes()
    return out


def is_open_sample(run: Run, file: Path) -> bool:
    if not file.name.startswith("samples_"):
        return False
    # samples_<task>_<time>.jsonl
    return file.name.removeprefix("samples_").rpartition("_")[0] not in closed_tasks(run)


def dataset_card(results: dict[str, Any]) -> str:
    front = {"tags": ["assay", "evaluation", "quantization"]}
    head = "".join(f"{key}: {json.dumps(value)}\n" for key, value in front.items())
    text = f"# {results['name']}\n\n{results['summary']}\n\n`report.md` has all of it.\n"
    return f"---\n{head}---\n\n{text}"


# -------------------------------------------------------------------- command line
def parser() -> argparse.ArgumentParser:
    out = argparse.ArgumentParser(prog="python -m assay.export", description=__doc__.split("\n")[0])
    kinds = out.add_subparsers(dest="kind", required=True)
    wandb = kinds.add_parser("wandb")
    wandb.add_argument("--project", default="assay")
    wandb.add_argument(
        "--offline", action="store_true", help="write to ./wandb; `wandb sync` sends it"
    )
    mlflow = kinds.add_parser("mlflow")
    mlflow.add_argument("--experiment", default="assay")
    mlflow.add_argument("--tracking-uri", help="default: MLFLOW_TRACKING_URI, or MLflow's own")
    hub = kinds.add_parser("hub")
    hub.add_argument(
        "--repo", required=True, help="OWNER/NAME of a data set, made where it is missing"
    )
    hub.add_argument("--public", action="store_true")
    for kind in (wandb, mlflow, hub):
        kind.add_argument("folder")
        kind.add_argument("--answers", action="store_true", help="answers too, but to GPQA and HLE")
    return out


def send(run: Run, said: argparse.Namespace) -> str:
    if said.kind == "wandb":
        mode = {"mode": "offline"} if said.offline else {}
        ids = to_wandb(run, said.project, answers=said.answers, **mode)
        return f"wandb: {len(ids)} runs in {said.project}: {' '.join(ids)}"
    if said.kind == "mlflow":
        ids = to_mlflow(run, said.experiment, tracking_uri=said.tracking_uri, answers=said.answers)
        return f"mlflow: {len(ids)} runs in {said.experiment}: {' '.join(ids)}"
    return to_hub(run, said.repo, private=not said.public, answers=said.answers)


def main(arguments: Sequence[str] | None = None) -> int:
    said = parser().parse_args(arguments)
    try:
        print(send(open_run(said.folder), said))
    except StoreError as error:
        print(f"assay.export: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
