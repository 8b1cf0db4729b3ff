#include "cli/data_notes.h"

#include <fmt/format.h>

#include "base/text.h"
#include "plan/suggest.h"

namespace assay {

std::unexpected<Error> no_task_called(const std::string& name) {
  const std::vector<std::string> names = task_names();
  const std::string near = nearest(name, names);
  return usage_error(
      bilingual("no task is called '{}'", "没有名为 '{}' 的任务", one_line(name, 100)),
      bilingual("known: {}", "已有：{}", join(names, ", ")),
      near.empty() ? Text("`assay data list` tells more of each", "详情见 `assay data list`")
                   : bilingual("did you mean '{}'?", "是不是想写 '{}'？", near));
}

std::optional<std::string> local_folder(const TaskSpec& spec, const Plan& plan,
                                        const std::string& data) {
  const std::string& place = !data.empty() ? data : spec.data.empty() ? plan.data : spec.data;
  if (place.empty() || place == "hub") return std::nullopt;
  return place;
}

Result<ResolvedTask> resolve_in(const std::string& folder, const TaskSpec& spec, const Plan& plan,
                                const FindPython& python) {
  ResolveServices services{.python = python};
  services.locate_data = [&](const TaskSpec&, const Task&) {
    return Result<LocatedData>({.folder = folder});
  };
  return resolve_task(spec, plan, services);
}

std::vector<Text> hub_data_notes(const TaskSpec& spec, const Task& task, const Plan& plan) {
  if (task.data_note == nullptr) return {};
  const Text note = task.data_note(nullptr, {spec, plan.chat, plan.seed, {}, ""});
  if (note.empty()) return {};
  return {bilingual("{}: {}", "{}：{}", spec.name, note)};
}

}  // namespace assay
