#include "cli/scicode_targets.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/world.h"
#include "sandbox/sandbox.h"
#include "task/scicode_files.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// Fails with the first test whose target is not in the file.
constexpr std::string_view kCheck = R"PY(
import json

import h5py

with h5py.File("/data/test_data.h5", "r") as file:
    for step, tests in json.loads(WANTED).items():
        for number in range(1, tests + 1):
            assert f"{step}/test{number}" in file, f"no target for test {number} of step {step}"
)PY";

std::string find_file(const fs::path& folder, const ItemList& items) {
  const TaskSpec spec;
  const ChatSpec chat;
  const TaskContext context{spec, chat, 0, {}, folder.string()};
  const auto beside = items.empty() ? std::vector<std::string>()
                                    : items[0].row.value("beside", std::vector<std::string>());
  return find_scicode_file(scicode_places(context, beside), kScicodeTargets);
}

// Step id -> number of tests, of the steps whose tests compare with a target; development problems
// can do without the file.
Json wanted_targets(const ItemList& items) {
  Json wanted = Json::object();
  for (const Item& item : items) {
    for (const Json& step : item.row.at("steps")) {
      if (item.row.at("split") == "dev" || !step.at("needs_target").get<bool>() ||
          step.at("supplied").is_string())
        continue;
      wanted[step.at("id").get<std::string>()] = step.at("tests").size();
    }
  }
  return wanted;
}

}  // namespace

Result<ScicodeTargets> check_scicode_targets(const fs::path& folder, const ItemList& items) {
  const std::string file = find_file(folder, items);
  if (file.empty()) return ScicodeTargets{.text = {"not there", "没有"}};
  ScicodeTargets targets{.there = true};
  const Json wanted = wanted_targets(items);
  Program program;
  program.kind = TestKind::script;
  program.compare = Compare::none;
  program.needs_scientific = true;
  program.read_only_file = file;
  program.limits.cpu_s = 120;
  program.limits.wall_s = 480;
  program.limits.memory_bytes = 4UL << 30;
  // JSON text inside a Python literal: dump it twice.
  program.source = "WANTED = " + dump_json(dump_json(wanted)) + "\n" + std::string(kCheck);
  program.tests.push_back({.input = "pass\n", .expected = ""});
  SandboxOptions options;
  options.python = TRY(find_grade_python(""));
  Sandbox sandbox = TRY(Sandbox::create(options));
  const ProgramResult result = TRY(sandbox.run(program));
  std::error_code ignored;
  const double bytes = static_cast<double>(fs::file_size(file, ignored));
  targets.usable = result.verdict == ProgramVerdict::passed;
  targets.text = targets.usable
                     ? bilingual("{} ({}), targets of {} steps", "{}（{}），含 {} 个步骤的目标值",
                                 file, human_bytes(bytes), wanted.size())
                     : bilingual("{} is not usable: {}", "{} 不能用：{}", file, result.detail);
  return targets;
}

}  // namespace assay
