"""The fault table's check finds what it is there to find."""

import unittest

from fault_table import problems

HEAD = "| fault | what happens | test |\n| --- | --- | --- |\n"
KNOWN = {"Suite.IsThere", "Suite.Too", "stalls", "tests/odd"}


def has(name: str, suite: str) -> bool:
    return (suite + name if name.startswith(".") else name) in KNOWN


class FaultTable(unittest.TestCase):
    def found(self, *tests: str, cases: tuple[str, ...] = ()) -> list[str]:
        rows = "".join(f"| it breaks | that is said | {cell} |\n" for cell in tests)
        return problems(HEAD + rows, has, set(cases))

    def test_what_is_there(self) -> None:
        self.assertEqual(self.found("`Suite.IsThere`, `.Too`", "`stalls` of `tests/odd`"), [])
        self.assertEqual(self.found("none: nobody can make it break"), [])

    def test_what_is_not(self) -> None:
        self.assertEqual(
            self.found("`Suite.IsThere`, `.Gone`"), ["docs/faults.md:3: there is no test .Gone"]
        )
        self.assertEqual(self.found("`stalls`", "`moved`"),
                         ["docs/faults.md:4: there is no test moved"])  # fmt: skip

    def test_a_row_without(self) -> None:
        self.assertEqual(self.found(""), ["docs/faults.md:3: no test is named for: it breaks"])

    def test_a_case_without_a_row(self) -> None:
        self.assertEqual(
            self.found("`Suite.Too`", cases=("stalls",)),
            ["docs/faults.md has no row for the case stalls of tests/deadlines"],
        )


if __name__ == "__main__":
    unittest.main()
