#include "report/questions.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace assay {
namespace {

// As `assay data list` says of their licences (src/task).
constexpr std::array<std::string_view, 8> kFree = {
    "aime24", "math500", "gsm8k", "mmlu_pro", "livecodebench", "scicode", "humaneval", "mbpp"};
constexpr std::array kFields = {"problem", "question", "prompt"};

// SciCode's main problem is what its steps ask, one after the other.
std::string steps_text(const nlohmann::json& steps) {
  std::string text;
  if (!steps.is_array()) return text;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto prompt = steps[i].is_object() ? steps[i].find("prompt") : steps[i].end();
    if (prompt == steps[i].end() || !prompt->is_string()) continue;
    text += std::to_string(i + 1) + ". " + prompt->get<std::string>() + "\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace

bool may_show_questions(const std::string& benchmark) {
  return std::ranges::find(kFree, benchmark) != kFree.end();
}

std::string question_of(const Item& item) {
  if (!item.row.is_object()) return "";
  std::string text;
  for (const char* field : kFields) {
    const auto found = item.row.find(field);
    if (found == item.row.end() || !found->is_string()) continue;
    text = found->get<std::string>();
    break;
  }
  const auto steps = item.row.find("steps");
  if (text.empty() && steps != item.row.end()) return steps_text(*steps);
  const auto options = item.row.find("options");
  if (text.empty() || options == item.row.end() || !options->is_array()) return text;
  char letter = 'A';
  for (const auto& option : *options) {
    if (!option.is_string()) continue;
    text += std::string("\n") + letter++ + ". " + option.get<std::string>();
  }
  return text;
}

}  // namespace assay
