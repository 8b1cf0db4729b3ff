"""A finished or running folder of `assay run`, read into pandas (docs/python.md).

run = assay.open("demo-run")
run.scores.groupby(["variant", "task"]).robust.mean()
"""

from assay.run import Run, StoreError, open_run
from assay.run import open_run as open
from assay_worker import __version__

__all__ = ["Run", "StoreError", "__version__", "open", "open_run"]
