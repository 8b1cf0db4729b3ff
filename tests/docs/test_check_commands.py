"""The documentation check finds what it is there to find, in a made-up project."""

import tempfile
import unittest
from pathlib import Path

import check_commands

CLI = """
void add_run(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "run", "Runs.");
  add_plan_options(*command, options->plan, true);
  command->add_flag("--quiet", options->quiet, "Silent");
}
void add_check(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("check", "Checks.");
  add_plan_options(*command, *options, false);
}
void add_data(CLI::App& app, Session& session) {
  CLI::App* data = app.add_subcommand("data", "Data.");
  CLI::App* list_command = data->add_subcommand("list", "Ids.");
  list_command->add_flag("--json", *json, "For machines");
}
"""
SHARED = """
  command.add_option("--data", options.data, "Folder");
  if (with_output) command.add_option("--out", options.out, "The run's folder");
"""


class CheckCommands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("src/cli/cmd_all.cc", CLI)
        self.write("src/cli/plan_options.cc", SHARED)
        self.write(
            "dev",
            "usage() {\n    gone) x ;;\n}\n"
            "main() {\n  case $1 in\n    demo) x ;;\n    help | -h) y ;;\n  esac\n",
        )
        self.write("plans/demo.yaml", "name: demo\n")

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def found(self, page):
        self.write("README.md", page)
        return [line.removeprefix(f"{self.root}/") for line in check_commands.findings(self.root)]

    def test_what_exists_passes(self):
        page = (
            "# A b\n```\nassay run plans/demo.yaml --out x --data y --quiet  # not --this\n"
            "./dev demo | tee z\n"
            "build/release/assay data list --json\n```\n"
            "`assay --version`, `assay check PLAN`, [b](#a-b)\n"
            "Prose: assay never --lies. `assay COMMAND`\n"
        )
        self.assertEqual(self.found(page), [])

    def test_commands(self):
        self.assertEqual(
            self.found("a\n```sh\n$ assay fly\n```\n"), ["README.md:3: there is no `assay fly`"]
        )
        self.assertEqual(
            self.found("see `assay data fetch`"), ["README.md:1: there is no `assay data fetch`"]
        )
        self.assertEqual(self.found("`./dev gone`"), ["README.md:1: there is no `./dev gone`"])

    def test_options_belong_to_their_command(self):
        self.assertEqual(
            self.found("`assay run P --json`"), ["README.md:1: `assay run` has no --json"]
        )
        self.assertEqual(
            self.found("`assay check P --out x`"), ["README.md:1: `assay check` has no --out"]
        )
        page = "```\nassay run P \\\n  --loud=1\n```\n"
        self.assertEqual(self.found(page), ["README.md:2: `assay run` has no --loud"])

    def test_links_plans_and_pages(self):
        self.assertEqual(
            self.found("[x](docs/x.md)"),
            [
                "README.md:1: docs/x.md is not there",
                "README.md:1: link to docs/x.md: docs/x.md is not there",
            ],
        )
        self.assertEqual(
            self.found("# One\n[x](#two)"), ["README.md:2: link to #two: no such heading"]
        )
        self.assertEqual(
            self.found("`plans/none.yaml`"), ["README.md:1: plans/none.yaml is not there"]
        )
        self.write("src/base/a.h", "\n// docs/gone.md\n")
        self.assertEqual(self.found(""), ["src/base/a.h:2: docs/gone.md is not there"])


if __name__ == "__main__":
    unittest.main()
