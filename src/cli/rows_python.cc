#include "cli/rows_python.h"

#include <memory>
#include <optional>

#include "engine/python.h"

namespace assay {

FindPython rows_python(const std::string& plan_python, const Deadline& until) {
  const auto found = std::make_shared<std::optional<Result<std::string>>>();
  return [found, plan_python, until]() -> Result<RowsPython> {
    if (!*found) {
      const Result<PythonEnv> python = find_python(python_search_here(plan_python));
      *found = python ? Result<std::string>(python->python.string())
                      : Result<std::string>(std::unexpected(python.error()));
    }
    return RowsPython(TRY(Result<std::string>(**found)), until);
  };
}

}  // namespace assay
