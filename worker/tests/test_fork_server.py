"""The process that engine cores are forks of, with a vLLM of a few lines for the real one."""

import os
import subprocess
import sys
from pathlib import Path

WORKER = Path(__file__).resolve().parents[1]
RUNS = "a rank's collector runs"

UTILS = """
import multiprocessing
def get_mp_context():
    return multiprocessing.get_context("spawn")
def start(target, *args):
    process = get_mp_context().Process(target=target, args=args, name="EngineCore")
    process.start()
    process.join()
    return process.exitcode
"""
CORE = """
import gc
import os
imported_in = os.getpid()
def run(path):
    with open(path, "w") as file:
        file.write("\\n".join([
            "imported before" if imported_in != os.getpid() else "imported here",
            os.environ.get("VLLM_WORKER_MULTIPROC_METHOD", ""),
            os.environ.get("SET_LATER", ""),
            "a rank's collector " + ("runs" if collector_of_a_fork() else "is off"),
        ]))
def collector_of_a_fork():
    rank = os.fork()
    if rank == 0:
        os._exit(gc.isenabled())
    return os.waitstatus_to_exitcode(os.waitpid(rank, 0)[1])
"""
SCRIPT = """
import os, sys
from assay_worker import fork_server
fork_server.installed_versions = lambda: {"vllm": sys.argv[1]}
if __name__ == "__main__":
    server = fork_server.ForkServer(int(sys.argv[2]))
    server.begin()
    os.environ["SET_LATER"] = "seen"
    server.make_engine_cores(resumed="RESUMED" in os.environ)
    import vllm.v1.engine.utils as utils
    import vllm.v1.engine.core as core
    sys.exit(utils.start(core.run, sys.argv[3]))
"""


def engine_core(folder, version="0.26.0", ranks=2, **more):
    """What an engine core says of itself: where vLLM was imported, how its ranks would start,
    whether it has a variable that was set after the server had begun, and of a rank's collector."""
    package = folder / "vllm" / "v1" / "engine"
    package.mkdir(parents=True, exist_ok=True)
    for place in (folder / "vllm", folder / "vllm" / "v1", package):
        (place / "__init__.py").touch()
    (package / "utils.py").write_text(UTILS)
    (package / "core.py").write_text(CORE)
    script = folder / "script.py"
    script.write_text(SCRIPT)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("VLLM_")}
    environment = clean | {"PYTHONPATH": f"{folder}:{WORKER}"} | more
    said = folder / "said"
    done = subprocess.run(
        [sys.executable, script, version, str(ranks), said],
        env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return said.read_text().split("\n")


def test_an_engine_core_is_a_fork_that_has_imported_and_its_ranks_are_forks(tmp_path):
    assert engine_core(tmp_path) == ["imported before", "fork", "seen", RUNS]


def test_ranks_that_are_asked_for_their_facts_load_without_the_collector(tmp_path):
    said = engine_core(tmp_path, RESUMED="yes")
    assert said == ["imported before", "fork", "seen", "a rank's collector is off"]


def test_one_rank_needs_no_server(tmp_path):
    assert engine_core(tmp_path, ranks=1) == ["imported here", "", "seen", RUNS]


def test_thread_pools_of_the_cpu_build_do_not_live_through_a_fork(tmp_path):
    assert engine_core(tmp_path, version="0.32.0+cpu") == ["imported here", "", "seen", RUNS]


def test_what_the_user_chose_stays(tmp_path):
    said = engine_core(tmp_path, VLLM_WORKER_MULTIPROC_METHOD="spawn")
    assert said == ["imported here", "spawn", "seen", RUNS]
