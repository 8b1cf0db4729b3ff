"""The include check finds what it is there to find, in made-up rooms."""

import tempfile
import unittest
from pathlib import Path

import check_includes


class CheckIncludes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.src = Path(folder.name)
        for name in ("base/result.h", "task/task.h", "stats/verdict.h", "plan/plan.h"):
            self.write(name, "#pragma once\n")

    def write(self, name, text):
        (self.src / name).parent.mkdir(parents=True, exist_ok=True)
        (self.src / name).write_text(text)

    def found(self):
        return [line.removeprefix(f"{self.src}/") for line in check_includes.violations(self.src)]

    def test_allowed_includes_pass(self):
        self.write(
            "task/a.cc", '#include "task/task.h"\n#include <vector>\n#include "plan/plan.h"\n'
        )
        self.write("sandbox/box/protocol.h", "#pragma once\n")
        self.write("sandbox/box/box.cc", '#include "protocol.h"\n')
        self.assertEqual(self.found(), [])

    def test_made_up_violation_is_found_with_its_line(self):
        self.write("sandbox/a.cc", '// runs\n#include "base/result.h"\n#include "task/task.h"\n')
        [line] = self.found()
        self.assertTrue(
            line.startswith("sandbox/a.cc:3: sandbox may not include task because"), line
        )

    def test_fixed_width_integers_need_their_header(self):
        self.write("base/a.h", "#include <cstdint>\n")
        self.write("base/a.cc", '#include "base/a.h"\nstd::uint8_t x;\n')
        self.write("base/a_test.cc", '#include "base/a.h"\nstd::uint8_t x;\n')
        self.assertEqual(self.found(), [])
        self.write("base/b.cc", "// b\nstd::int64_t x;\n")
        self.assertEqual(self.found(), ["base/b.cc:2: std::int64_t needs #include <cstdint>"])

    def test_tests_and_angle_brackets_are_no_way_round(self):
        self.write("base/a_test.cc", "#  include <stats/verdict.h>\n")
        self.write("report/a_test.cc", '#include "task/task.h"\n')
        self.assertEqual(
            [line.split(": ")[0] for line in self.found()],
            ["base/a_test.cc:1", "report/a_test.cc:1"],
        )

    def test_comments_do_not_count(self):
        self.write("base/a.h", '/* as in\n#include "task/task.h"\n*/\n// #include "plan/plan.h"\n')
        self.assertEqual(self.found(), [])

    def test_relative_missing_and_roomless_includes(self):
        self.write(
            "plan/a.cc", '#include "../base/result.h"\n#include "base/gone.h"\n#include "other.h"\n'
        )
        self.assertEqual(
            [line.split(": ")[0] for line in self.found()], [f"plan/a.cc:{n}" for n in (1, 2, 3)]
        )

    def test_linked_rooms_count_too(self):
        text = "assay_library(stats\n  SOURCES a.cc\n  DEPS base store\n  PRIVATE_LIBS fmt::fmt)\n"
        self.write("stats/CMakeLists.txt", text)
        [line] = self.found()
        self.assertTrue(
            line.startswith("stats/CMakeLists.txt:3: stats may not include store"), line
        )

    def test_a_library_in_a_room_has_one_header(self):
        for name in ("score/math/math.h", "score/math/lexer.h", "score/boxed.h"):
            self.write(name, "#pragma once\n")
        self.write("score/math/lexer.cc", '#include "score/math/lexer.h"\n')
        self.write("score/math/CMakeLists.txt", "assay_library(score_math DEPS base score)\n")
        self.write("task/a.cc", '#include "score/math/math.h"\n')
        self.write("task/CMakeLists.txt", "assay_library(task DEPS score score_math LIBS x)\n")
        self.assertEqual(self.found(), [])
        self.write("task/a.cc", '#include "score/math/lexer.h"\n')
        self.write("score/hle.cc", "\n#include <score/math/lexer.h>\n")
        self.write("stats/CMakeLists.txt", "assay_library(stats DEPS base score_math)\n")
        self.assertEqual(
            [line.split(": ")[0] for line in self.found()],
            ["score/hle.cc:2", "stats/CMakeLists.txt:1", "task/a.cc:1"],
        )

    def test_only_tests_include_the_test_support(self):
        self.write("plan/plan_test.cc", '#include "support/engine.h"\n')
        self.assertEqual(self.found(), [])
        self.write("plan/a.cc", '#include "support/engine.h"\n')
        [line] = self.found()
        self.assertTrue(line.startswith('plan/a.cc:1: "support/engine.h" is for tests'), line)

    def test_new_room_must_be_placed(self):
        self.write("extra/a.h", "")
        [line] = self.found()
        self.assertIn("extra is not in the table of rooms", line)

    def test_no_room_can_be_used_by_one_it_uses(self):
        for room, others in check_includes.ALLOWED.items():
            for other in others:
                self.assertNotIn(room, check_includes.ALLOWED[other], f"{room} and {other}")


if __name__ == "__main__":
    unittest.main()
