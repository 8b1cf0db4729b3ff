// One thing that `assay doctor` looked at: what it found, and what to do.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/language.h"
#include "base/result.h"

namespace assay {

enum class FindingLevel {
  ok,
  note,         // works, with less than the plan's owner may think
  not_checked,  // could not be looked at: never taken for ok
  missing,      // the plan would fail, or measure something else than it says
};

struct Finding {
  FindingLevel level = FindingLevel::ok;
  Text name;    // what was looked at, in a few words: "GPUs", "model fp8"
  Text detail;  // what is there, or what is wrong
  Text why;     // only of what is missing; may be empty
  Text fix;     // what to do; empty where nothing is to be done
};

using Findings = std::vector<Finding>;

[[nodiscard]] inline Finding ok(Text name, Text detail) {
  return {FindingLevel::ok, std::move(name), std::move(detail), {}, {}};
}
[[nodiscard]] inline Finding note(Text name, Text detail, Text fix = {}) {
  return {FindingLevel::note, std::move(name), std::move(detail), {}, std::move(fix)};
}
[[nodiscard]] inline Finding not_checked(Text name, Text why, Text fix = {}) {
  return {FindingLevel::not_checked, std::move(name), std::move(why), {}, std::move(fix)};
}
// Errors are in English, whoever reads them.
[[nodiscard]] inline Finding missing(Text name, Error error) {
  return {FindingLevel::missing, std::move(name), std::move(error.what), std::move(error.why),
          std::move(error.fix)};
}
[[nodiscard]] inline Finding missing(Text name, Text what, Text why, Text fix) {
  return {FindingLevel::missing, std::move(name), std::move(what), std::move(why), std::move(fix)};
}

// "ok", "note", "not checked", "missing"; in JSON with "_" for the blank.
[[nodiscard]] std::string_view label(FindingLevel level);
[[nodiscard]] bool anything_missing(const Findings& findings);

// Columns for a reader; colours only where the terminal has them. Lines are broken to fit into so
// many columns; 0: they need not fit.
[[nodiscard]] std::string findings_text(const Findings& findings, bool colour,
                                        std::size_t columns = 0, Language language = Language::en);
// In English: {"schema_version": 1, "plan", "ready", "missing", "not_checked", "findings":
// [{"level", "name", "detail", "why", "fix"}]}; docs/doctor.md.
[[nodiscard]] std::string findings_json(std::string_view plan, const Findings& findings);

}  // namespace assay
