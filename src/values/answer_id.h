// Which answer of a run is meant: the name under which the store keeps its steps and its score.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

// What an item was put to an engine for.
enum class Purpose {
  answer,                 // to be answered and scored
  second_pass,            // to be answered once more, by the baseline alone (docs/noise_floor.md)
  read_back,              // to have the baseline's answer read by this variant (docs/fidelity.md)
  judgement,              // to have this variant's answer judged (docs/tasks.md, HLE)
  second_pass_judgement,  // to have the answer of the second pass judged
  second_read_back,       // read_back once more, by the baseline alone: the floor of its figures
  canary,                 // to see that what was loaded answers at all (docs/canary.md)
};

// The name of an enumerator above, as the store writes it: "second_pass".
[[nodiscard]] const char* to_string(Purpose purpose);
[[nodiscard]] std::optional<Purpose> purpose_from_name(std::string_view name);

struct AnswerId {
  std::string variant;
  std::string task;
  std::string item;
  int repeat = 0;
  Purpose purpose = Purpose::answer;

  friend auto operator<=>(const AnswerId&, const AnswerId&) = default;
};

// Where a judge's words about this answer are kept. `answer` has purpose answer or second_pass.
[[nodiscard]] AnswerId judgement_of(AnswerId answer);

}  // namespace assay
