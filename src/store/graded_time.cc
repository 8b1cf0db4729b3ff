#include "store/graded_time.h"

#include "base/json.h"

namespace assay {
namespace {

std::string graded_name(const std::string& task) {
  return "grading:" + task;
}

}  // namespace

Result<GradedTime> graded_time(const Store& store, const std::string& task) {
  const auto text = TRY(store.meta(graded_name(task)));
  if (!text) return GradedTime{};
  const nlohmann::json kept = TRY(parse_json(*text, graded_name(task)));
  return GradedTime{.answers = kept.value("answers", 0), .seconds = kept.value("seconds", 0.0)};
}

Status add_graded_time(Store& store, const std::string& task, const GradedTime& more) {
  const GradedTime before = TRY(graded_time(store, task));
  const GradedRow row = graded_row(
      task, {.answers = before.answers + more.answers, .seconds = before.seconds + more.seconds});
  return store.set_meta(row.name, row.value);
}

GradedRow graded_row(const std::string& task, const GradedTime& time) {
  return {.name = graded_name(task),
          .value = dump_json({{"answers", time.answers}, {"seconds", time.seconds}})};
}

}  // namespace assay
