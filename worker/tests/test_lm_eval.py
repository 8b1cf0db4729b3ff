"""lm-eval inside the worker, on rows of our own: no engine is loaded, but vLLM imported. Slow."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from client import WorkerClient

ROOT = Path(__file__).resolve().parents[2]
MODELS = Path(os.environ.get("ASSAY_DEMO_MODELS", ROOT / "build" / "demo-models"))
CHAT = {"apply_template": True, "template_args": {}}
AIME = [{"Problem": f"What is {n} plus {n}?", "Answer": 2 * n} for n in range(5)]
GPQA = [
    {"Question": f"Which number is {n}?", "Correct Answer": f"{n}", "Incorrect Answer 1": "-1",
     "Incorrect Answer 2": "-2", "Incorrect Answer 3": "-3"} for n in range(3)
]  # fmt: skip

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not (MODELS / "bf16").is_dir(), reason=f"no demo models in {MODELS}"),
]


def rows(path: Path, content: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in content))
    return str(path)


def answer(text: str, logprob: float) -> dict[str, Any]:
    likelihood = {"sum": logprob, "is_greedy": False, "tokens": 3}
    return {"text": text, "token_ids": [], "finish_reason": "stop", "error": "",
            "loglikelihoods": [likelihood]}  # fmt: skip


def test_documents_without_an_answer_are_left_out(tmp_path: Path) -> None:
    data = {"aime24": rows(tmp_path / "aime.jsonl", AIME)}
    data["gpqa_diamond_zeroshot"] = rows(tmp_path / "gpqa.jsonl", GPQA)
    with WorkerClient.vllm() as client:
        client.wait(kind="hello")
        client.ask("open", model=str(MODELS / "bf16"), chat=CHAT)
        run = client.send(
            "lm_eval",
            tasks=list(data),
            model_name="org/model",
            samples={"aime24": [4, 0, 2], "gpqa_diamond_zeroshot": [0, 1, 2]},
            data=data,
            seed=0,
            max_gen_toks=32,
            output=str(tmp_path / "out"),
        )
        asked = []
        while (frame := client.receive(300)) is not None and frame["type"] != "lm_eval_done":
            assert frame["type"] in ("need", "progress"), frame
            if frame["type"] == "progress":
                continue
            asked.append((frame["task"], frame["doc"], frame["kind"]))
            have: dict[str, Any] = {"response": answer(f"It is \\boxed{{{2 * frame['doc']}}}.", -1)}
            if frame["task"] == "aime24":
                assert frame["sampling"]["max_tokens"] == 32
                assert f"What is {frame['doc']} plus" in frame["text"]
                if frame["doc"] == 2:
                    have = {"not_run": True}
            elif frame["doc"] == 1:
                have["response"]["error"] = "prompt does not fit"
            client.send("have", need=frame["need"], **have)
        assert frame is not None and frame["id"] == run
        # Asked once each, although lm-eval ran twice.
        assert sorted(x for x in asked if x[0] == "aime24") == [
            ("aime24", doc, "generate") for doc in (0, 2, 4)
        ]
        assert len(asked) == 3 + 4 * 3
        assert frame["not_run"] == {"aime24": [2]}
        assert frame["failed"] == {"gpqa_diamond_zeroshot": [1]}
        assert frame["results"]["aime24"]["exact_match,none"] == 1.0
        assert frame["results"]["gpqa_diamond_zeroshot"]["sample_len"] == 2
        samples = next(f for f in frame["files"] if "samples_aime24" in f)
        lines = [json.loads(line) for line in Path(samples).read_text().splitlines()]
        assert [line["doc_id"] for line in lines] == [0, 4]
        assert [line["doc"]["Answer"] for line in lines] == [0, 8]
        assert any(Path(f).name.startswith("results_") for f in frame["files"])

        wrong = rows(tmp_path / "wrong.jsonl", [{"problem": "What?", "answer": 1}])
        bad = client.ask("lm_eval", tasks=["aime24"], data={"aime24": wrong},
                         output=str(tmp_path / "out2"), timeout_s=300)  # fmt: skip
        assert (bad["type"], bad["what"]) == ("error", "rows of aime24 lack Problem, Answer")
