#include "compare/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/ascii.h"
#include "base/json.h"
#include "base/text.h"
#include "compare/sample_scan.h"
#include "score/soundness.h"
#include "score/think.h"

namespace assay {
namespace {

constexpr std::size_t kRefusalBytes = 160;  // of an answer's beginning

bool is_refusing(std::string_view answer) {
  static constexpr std::array<std::string_view, 9> words = {
      "i'm sorry, but i can", "i am sorry, but i can", "i cannot help with",
      "i can't help with",    "i cannot assist with",  "i can't assist with",
      "i'm unable to help",   "i won't help with",     "i cannot provide help"};
  std::string begin(trim(answer).substr(0, kRefusalBytes));
  begin = replace_all(begin, "\u2019", "'");
  std::ranges::transform(begin, begin.begin(), to_lower);
  return std::any_of(words.begin(), words.end(),
                     [&begin](std::string_view word) { return begin.starts_with(word); });
}

void look_at_text(std::string_view text, bool ended_by_length, AnswerCounts& counts) {
  ++counts.looked_at;
  const Thinking thinking = strip_thinking(text);
  const bool unfinished = thinking.present && !thinking.closed;
  if (ended_by_length || unfinished) ++counts.cut;
  if (!unfinished && is_blank(thinking.answer)) ++counts.empty;
  if (is_looping(text)) ++counts.looping;
  if (!unfinished && is_refusing(thinking.answer)) ++counts.refusing;
}

// ["-1.25", "False"], or [-1.25, false] before lm-eval 0.4.3.
bool is_likelihood(const Json& answers) {
  if (answers.size() < 2) return !answers.empty() && answers[0].is_number();
  const Json& greedy = answers[1];
  return answers[0].is_number() || greedy.is_boolean() || greedy == "True" || greedy == "False";
}

// The text of [["text"]] without escapes, which most samples are; none: another shape.
std::optional<std::string_view> plain_text(std::string_view responses) {
  constexpr std::string_view kBegin = "[[\"";
  constexpr std::string_view kEnd = "\"]]";
  if (!responses.starts_with(kBegin) || !responses.ends_with(kEnd) ||
      responses.size() < kBegin.size() + kEnd.size()) {
    return std::nullopt;
  }
  responses.remove_prefix(kBegin.size());
  responses.remove_suffix(kEnd.size());
  if (responses.find_first_of("\"\\") != std::string_view::npos) return std::nullopt;
  return responses;
}

}  // namespace

void AnswerCounts::add(const AnswerCounts& other) {
  looked_at += other.looked_at;
  empty += other.empty;
  looping += other.looping;
  cut += other.cut;
  refusing += other.refusing;
  likelihoods += other.likelihoods;
}

void look_at(const std::vector<std::pair<std::string_view, std::string_view>>& fields,
             AnswerCounts& counts) {
  std::string_view responses;
  bool ended_by_length = false;
  for (const auto& [name, value] : fields) {
    if (name == "resps") responses = value;
    if (name == "finish_reason") ended_by_length = value == "\"length\"";
  }
  if (const auto plain = plain_text(responses)) {
    look_at_text(*plain, ended_by_length, counts);
    return;
  }
  const Json all = Json::parse(responses, nullptr, /*allow_exceptions=*/false);
  if (!all.is_array()) return;
  bool text = false;
  for (const Json& request : all) {
    const Json list = request.is_array() ? request : Json::array({request});
    const bool nested = !list.empty() && list[0].is_array();
    if (nested ? is_likelihood(list[0]) : is_likelihood(list)) continue;
    for (const Json& answer : list) {
      if (!answer.is_string()) continue;
      look_at_text(answer.get_ref<const std::string&>(), ended_by_length, counts);
      text = true;
    }
  }
  if (!text) ++counts.likelihoods;
}

Text answers_text(const AnswerCounts& counts) {
  std::vector<Text> parts;
  for (const auto& [count, word] : {std::pair(counts.empty, Text("empty", "空回答")),
                                    std::pair(counts.looping, Text("looping", "循环重复")),
                                    std::pair(counts.cut, Text("cut", "截断")),
                                    std::pair(counts.refusing, Text("refusing", "拒答"))}) {
    if (count > 0) parts.push_back(bilingual("{0} {1}", "{1} {0} 个", count, word));
  }
  if (parts.empty()) return {};
  return bilingual("of {} answers {}", "{} 个回答中{}", counts.looked_at, listed(parts));
}

}  // namespace assay
