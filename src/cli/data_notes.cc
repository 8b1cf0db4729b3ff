#include "cli/data_notes.h"

#include <fmt/format.h>

#include "base/text.h"
#include "plan/suggest.h"

namespace assay {

std::unexpected<Error> no_task_called(const std::string& name) {
  const std::vector<std::string> names = task_names();
  const std::string near = nearest(name, names);
  return usage_error(fmt::format("no task is called '{}'", one_line(name, 100)),
                     "known: " + join(names, ", "),
                     near.empty() ? "`assay data list` tells more of each"
                                  : fmt::format("did you mean '{}'?", near));
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
