"""The demo's checkpoints, made once and shared with ./dev demo."""

from pathlib import Path

import pytest
import torch

# torch's threads wait for each other busily: on a machine that compiles beside the tests, two
# threads are many times slower than one.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def demo_models() -> Path:
    from assay_demo.make_models import make_models, packaged_gguf

    folder = Path(__file__).parents[2] / "build" / "demo-models"
    make_models(folder, packaged_gguf())
    return folder
