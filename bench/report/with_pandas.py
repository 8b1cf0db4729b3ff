"""The comparison of report_bench by pandas and statsmodels: pairs by doc_hash, Wald's interval
for pairs (statsmodels has no score interval for them), exact McNemar, Holm over the tasks.

usage: with_pandas.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests


def read(file: Path) -> pd.DataFrame:
    wanted = ["doc_hash", "prompt_hash", "acc"]
    parts = pd.read_json(file, lines=True, chunksize=20_000)
    return pd.concat([part[wanted] for part in parts], ignore_index=True)


def main(folder: Path) -> None:
    rows = []
    for base in sorted((folder / "bf16").glob("*/samples_*.jsonl")):
        pairs = read(base).merge(
            read(folder / "fp8" / base.relative_to(folder / "bf16")), on="doc_hash"
        )
        assert (pairs.prompt_hash_x == pairs.prompt_hash_y).all()
        d = (pairs.acc_y - pairs.acc_x).to_numpy()
        table = pd.crosstab(pairs.acc_x, pairs.acc_y).to_numpy()
        error = d.std(ddof=1) / np.sqrt(len(d))
        p = mcnemar(table, exact=True).pvalue
        rows.append((base.name.split("_")[1], len(d), d.mean(), error, p))
    adjusted = multipletests([row[-1] for row in rows], method="holm")[1]
    for (name, n, mean, error, _), p in zip(rows, adjusted, strict=True):
        low, high = 100 * (mean - 1.96 * error), 100 * (mean + 1.96 * error)
        print(f"{name}  {n}  {100 * mean:+.2f} [{low:+.2f}, {high:+.2f}]  p {p:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
