"""What counts as a command of the documentation, and what is run for it."""

import tempfile
import unittest
from pathlib import Path

import doc_commands
import run_commands

PAGE = """# A
    assay under a heading --json

Prose names `assay fly`, `assay run PLAN --out x`, `tests/golden` and `tools/setup --grade`.

```
assay power --n 50 \\
  --margin 3         # how many
error: not a command
$ ./dev demo
```

| `watch` | `source <(assay completion bash)` |

    T(x) = sum
    assay pull HOST:DIR

    assay
     └─ assay __guardian
"""


class DocCommands(unittest.TestCase):
    def test_blocks_and_spans(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "docs").mkdir()
            (root / "README.md").write_text(PAGE)
            (root / "docs/b.md").write_text("`assay fly` and `assay (any user)`\n")
            found = {c.text: c.places for c in doc_commands.commands(root)}
        self.assertEqual(
            found,
            {
                "assay power --n 50 --margin 3": ["README.md:7"],
                "./dev demo": ["README.md:10"],
                "assay under a heading --json": ["README.md:2"],
                "assay pull HOST:DIR": ["README.md:16"],
                "assay fly": ["README.md:4", "docs/b.md:1"],
                "assay run PLAN --out x": ["README.md:4"],
                "tools/setup --grade": ["README.md:4"],
                "source <(assay completion bash)": ["README.md:13"],
            },
        )

    def test_placeholders_and_names(self):
        self.assertEqual(run_commands.filled("assay fly"), "assay fly --help")
        self.assertEqual(
            run_commands.filled("build/portable/assay launch HOST:DIR PLAN"),
            "assay launch gpubox:/data/assay plans/qwen3_32b_3h.yaml",
        )
        self.assertEqual(run_commands.filled("assay data check DIR"), "assay data check data")
        self.assertEqual(run_commands.filled("assay fly PLAN"), "assay fly PLAN")

    def test_only_what_is_listed_is_left_out(self):
        self.assertEqual(run_commands.elsewhere("python -m assay_worker.rows FILE"), "")
        self.assertEqual(run_commands.elsewhere("assay data list"), "")
        for command in ("python -m assay_worker", "pip install .", "build/bench/x", "./dev test"):
            self.assertNotEqual(run_commands.elsewhere(command), "", command)


if __name__ == "__main__":
    unittest.main()
