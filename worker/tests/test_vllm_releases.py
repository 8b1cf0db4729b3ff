"""What is set or found in a release of vLLM, as far as no other test sees it."""

import gc
from types import SimpleNamespace

import pytest

from assay_worker import collector
from assay_worker.engine_facts import EngineFacts
from assay_worker.vllm_releases import core_client, read_compiled_code_at_once


@pytest.mark.parametrize(
    ("torch", "vllm", "user", "set_to"),
    [
        ("2.11.0+cu130", "0.26.0", {}, "1"),
        ("2.10.0", "0.26.0", {}, "1"),
        ("2.9.1", "0.26.0", {}, None),  # has no such file
        ("2.12.0", "0.30.0", {}, None),  # vLLM does it by itself
        ("2.11.0", "0.28.0+cpu", {}, None),
        ("", "0.26.0", {}, None),
        ("2.11.0", "0.26.0", {"VLLM_USE_MEGA_AOT_ARTIFACT": "0"}, "0"),
        ("2.11.0", "0.26.0", {"VLLM_USE_STANDALONE_COMPILE": "0"}, None),  # vLLM refuses the two
    ],
)
def test_compiled_code_in_one_file(torch, vllm, user, set_to):
    environment = dict(user)
    read_compiled_code_at_once(environment, torch, vllm)
    assert environment.get("VLLM_USE_MEGA_AOT_ARTIFACT") == set_to


def test_a_core_of_another_layout_is_not_known():
    assert core_client(SimpleNamespace(resources=SimpleNamespace(engine_dead=False))) is None
    assert core_client(SimpleNamespace(outputs_queue=[])) is None


def test_the_collector_is_on_after_a_load_and_after_one_that_fails():
    with pytest.raises(RuntimeError), collector.paused():
        assert not gc.isenabled()
        raise RuntimeError
    assert gc.isenabled()


def test_a_rank_that_is_asked_for_its_facts_collects_again(monkeypatch):
    monkeypatch.setattr("assay_worker.engine_facts.kernel_facts", lambda model: [])
    monkeypatch.setattr("assay_worker.engine_facts.attention_backends", lambda model: {})
    monkeypatch.setattr("assay_worker.engine_facts.device_facts", dict)
    rank = EngineFacts()
    rank.model_runner = SimpleNamespace(model=SimpleNamespace())
    gc.disable()
    try:
        rank.assay_engine_facts()
        assert gc.isenabled()
    finally:
        gc.enable()
