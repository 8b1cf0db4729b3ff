// Python code that SciCode's tests need, written for this project: the modules they import from the
// benchmark's own package, and the `target` of each test.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay {

// The modules scicode.compare.cmp (cmp_tuple_or_list, are_dicts_close, are_csc_matrix_close) and
// scicode.parse.parse, as far as tests use them. Trusted code that runs before the graded
// program.
[[nodiscard]] std::string_view scicode_compare_modules();

// Defines _assay_targets(step, count): the targets of a step's tests, read from
// /data/test_data.h5, whose layout is <step>/test<k>/<variables>.
[[nodiscard]] std::string_view scicode_hdf5_targets();

// Defines _assay_targets() from the benchmark's own solution, for problems that ship one: the tests
// are run in order with that solution, and the values they compare with `target` are taken.
[[nodiscard]] std::string scicode_solution_targets(std::string_view dependencies,
                                                   std::string_view solution,
                                                   const std::vector<std::string>& tests);

// True when the test's text uses the name `target`.
[[nodiscard]] bool uses_target(std::string_view test);

}  // namespace assay
