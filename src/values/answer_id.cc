#include "values/answer_id.h"

namespace assay {

const char* to_string(Purpose purpose) {
  switch (purpose) {
    case Purpose::answer:
      return "answer";
    case Purpose::second_pass:
      return "second_pass";
    case Purpose::read_back:
      return "read_back";
    case Purpose::judgement:
      return "judgement";
    case Purpose::second_pass_judgement:
      return "second_pass_judgement";
    case Purpose::second_read_back:
      return "second_read_back";
    case Purpose::canary:
      return "canary";
  }
  return "answer";
}

std::optional<Purpose> purpose_from_name(std::string_view name) {
  for (const Purpose purpose :
       {Purpose::answer, Purpose::second_pass, Purpose::read_back, Purpose::judgement,
        Purpose::second_pass_judgement, Purpose::second_read_back, Purpose::canary}) {
    if (name == to_string(purpose)) return purpose;
  }
  return std::nullopt;
}

AnswerId judgement_of(AnswerId answer) {
  answer.purpose =
      answer.purpose == Purpose::second_pass ? Purpose::second_pass_judgement : Purpose::judgement;
  return answer;
}

}  // namespace assay
