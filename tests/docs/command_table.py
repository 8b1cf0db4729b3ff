"""What tests/docs/run_commands.py knows about commands of the documentation. A command that stands
in no table here is run as it stands and must end with exit code 0."""

from __future__ import annotations

# Words that stand for something. The longest fitting beginning decides.
PLACEHOLDERS: dict[str, dict[str, str]] = {
    "assay check": {"PLAN": "plans/demo.yaml", "N": "7000", "S": "100"},
    "assay doctor": {"PLAN": "plans/demo.yaml"},
    "assay run": {"PLAN": "plans/demo.yaml", "DIR": "from-run", "OTHER": "demo-run"},
    "assay launch": {"HOST:DIR": "gpubox:/data/assay", "PLAN": "plans/qwen3_32b_3h.yaml"},
    "assay watch": {"HOST:DIR": "gpubox:/data/bench/run"},
    "assay stop": {"HOST:DIR": "gpubox:/data/bench/run"},
    "assay explain": {"DIR": "demo-run", "ITEM": "easy-3"},
    "assay pull": {"HOST:DIR": "gpubox:/data/bench/run"},
    "assay data check": {"DIR": "data"},
    "assay score": {"DIR": "demo-run", "N": "5"},
    "assay report": {"DIR": "demo-run"},
    "assay grade": {"TASK": "math500", "FILE": "outputs.jsonl", "DIR": "data"},
    "assay grade scicode": {"FOLDER": "generated_code", "DIR": "data"},
    "python -m assay_worker.rows": {"FILE": "rows.parquet"},
}

# Commands that are named with an option only: what they need besides.
COMPLETED: dict[str, str] = {
    "assay compare --json": "assay compare demo-run --json",
    "assay compare --gate": "assay compare demo-run:bf16 demo-run:fp8 --margin 3 --gate",
    "assay compare --margin": "assay compare demo-run --margin 5",
    "assay check --json": "assay check plans/demo.yaml --json",
    "assay doctor --json": "assay doctor plans/demo.yaml --json",
    # Two runs, as they lie there after two nights.
    "assay history runs --html history.html": "mkdir -p runs && cp -r demo-run runs/vllm-0.25 && "
    "cp -r demo-run runs/vllm-0.26 && assay history runs --html history.html",
    "assay history --json": "assay history runs --json",
    "assay score --audit": "assay score demo-run --audit 5",
    "assay summarize --format json": "assay summarize demo-run --format json",
    "python -m assay_worker.hub resolve|fetch --kind model|dataset --id OWNER/NAME [--revision R] "
    "[--allow PATTERN]… [--offline] [--progress]": "python -m assay_worker.hub resolve --kind dataset "
    "--id HuggingFaceH4/MATH-500 --revision main --allow test.jsonl",
    "assay data check": "assay data check data",
    "assay sandbox check": "assay sandbox check --help",
    "assay pass1 --samples 20 --temperature 0.8 --k 1,10": "assay pass1 --model Qwen/Qwen3-32B "
    "--tasks humaneval --limit 2 --data data --out samples-run --accept-missing memory_cgroup "
    "--samples 20 --temperature 0.8 --k 1,10",
    # The machine of these tests may have no cgroup to give.
    "assay pass1 --model Qwen/Qwen3-32B --tensor-parallel-size 2 --limit 20": "assay pass1 --model "
    "Qwen/Qwen3-32B --tensor-parallel-size 2 --limit 20 --accept-missing memory_cgroup",
}

# Exit code other than 0, and words that must then be printed.
ENDS_WITH: dict[str, tuple[int, str]] = {
    'ASSAY_RESULTS="demo-run:bf16 demo-run:fp8" ASSAY_MARGIN=3 ci/gate': (4, "not shown to hold"),
    # The demo has too few items to decide anything (README, "How to read the report").
    "assay compare demo-run:bf16 demo-run:fp8 --margin 3 --gate": (4, "INCONCLUSIVE"),
    # The scripted engine's lm-eval asks nothing of these; tests/e2e runs the real one.
    "assay verify-parity plans/demo.yaml --limit 4": (1, "lm-eval 0.4.13 has no such task"),
    # No machine of these tests has two GPUs.
    "assay doctor plans/qwen3_32b_3h.yaml": (3, "the plan asks for 2 GPUs"),
    "assay doctor plans/qwen3_32b_3h.yaml --json": (3, "the plan asks for 2 GPUs"),
    "python -m assay_worker.all_reduce --ranks 2 --limit-s 90": (3, "need as many GPUs"),
    # HLE's terms were not accepted (docs/exit_codes.md).
    "assay data fetch": (3, "hle             gated"),
}

# Not run here, and why. The beginning of a command is enough.
ELSEWHERE: dict[str, str] = {
    "./dev demo": "loads vLLM three times; ./dev test has its parts: release build, demo models, "
    "and here the run itself",
    "./dev test": "runs this",
    "./dev build": "stages of ./dev test",
    "./dev format": "a stage of ./dev test",
    "./dev tidy": "a stage of ./dev test",
    "./dev bench": "minutes on a quiet machine",
    "bench/recipe/run": "minutes on a quiet machine, or needs a GPU",
    "./dev proofs": "an hour; the stages statistics and budget are its short form",
    "tests/crash/run --kills 5000": "an hour, in ./dev proofs; the stage crash harness is its short form",
    "tools/setup": "installs packages; a stage of ./dev test",
    "/opt/vllm/bin/pip install": "installs packages",
    "tools/portable": "minutes; tests/wheel/prove runs what it made",
    "tools/wheel": "tools/test_wheel.py",
    "python -m assay.export": "worker/tests/test_assay_export.py",
    "sudo apt-get install": "installs packages",
    "pip install": "installs packages",
    "python tests/parity/make_records.py": "the stage parity",
    "ASSAY_PARITY_RECORDS=": "the stage parity",
    "tests/agreement/run_all": "the stage parity, where the recorded data is",
    "tests/agreement/public_graders": "needs checkouts of other graders' repositories",
    "build/bench/": "the bench preset, which ./dev test does not build",
    "cmake --preset asan": "the stage fuzzers",
    "build/asan/": "the stage fuzzers",
    "assay compare study --baseline bf16": "a study's folder; src/compare/study_test.cc makes one",
    "python -m MODULE": "another worker; tests/another_engine runs one",
    "python -m my_engine.worker": "another worker; tests/another_engine runs one",
    "assay run --on slurm": "needs a Slurm; tests/cluster has one of its own",
    "assay run plans/demo.yaml --out sweep --on slurm": "needs a Slurm; tests/cluster has one",
    "assay run plans/sweep.yaml --out sweep --on slurm": "needs a Slurm; bench/slurm_sweep has one",
    "assay doctor PLAN --on slurm": "needs a Slurm; tests/cluster has one of its own",
    "assay doctor --on slurm": "needs a Slurm; tests/cluster has one of its own",
    "assay doctor plans/demo.yaml --on slurm": "needs a Slurm; tests/cluster has one of its own",
    "assay status": "needs a Slurm; tests/cluster has one of its own",
    "assay cancel": "needs a Slurm; tests/cluster has one of its own",
    "assay run PLAN --out sweep --judge-only": "what a sweep's last job runs; tests/cluster",
    "assay merge sweep/shards": "what a sweep's last job runs; tests/cluster",
    "assay schema > docs/plan.schema.json": "writes into the project itself",
    "git log": "the copy of the project that these commands run in has no history",
    "cmake --preset release": "minutes on a quiet machine; the stage statistics is its short form",
    "python -m assay_worker.math_verify_helper": "a child of assay that speaks over pipes; used by "
    "every run here",
    "python -m assay_worker": "a child of assay that speaks over pipes",
}

# The YAML that a page shows in full: what is put after it, and what is run with it.
EXAMPLES: dict[str, tuple[str, str]] = {
    # Workflows; tools/test_ci_gate.py holds them against ci/.
    "docs/ci.md": ("", "true"),
    "CONTRIBUTING.md": (
        "name: own\nvariants: [{name: a, model: m, baseline: true}]\n"
        "tasks: [{name: aime24, limit: 2, max_gen_toks: 32}]\n",
        "assay check plans/CONTRIBUTING.yaml",
    ),
    "docs/configurations.md": ("", "assay check plans/configurations.yaml"),
    "docs/plan.md": ("", "assay check plans/plan.yaml"),
    "docs/compare.md": ("", "assay compare demo-run:bf16 demo-run:fp8 --policy plans/compare.yaml"),
    "docs/openai_endpoint.md": (
        "name: endpoints\ndata: ../data\ntasks: [{name: aime24, limit: 2, max_gen_toks: 32}]\n",
        "assay run plans/openai_endpoint.yaml --out endpoints-run",
    ),
}

# Files that a page calls complete, without a command.
MORE = ("assay run plans/endpoint.yaml --out endpoint-run --set variants.bf16.model=served-name",)
