#include "score/soundness.h"

#include <string>
#include <vector>

#include "base/text.h"
#include "score/think.h"

namespace assay {

namespace {
constexpr std::size_t kTailBytes = 64UL << 10;  // only so much of the text's end is examined
constexpr std::size_t kMinRepeats = 4;
constexpr std::size_t kMinLoopBytes = 200;
constexpr std::size_t kMinLoopTokens = 32;

// border[i]: length of the longest proper prefix of text[0..i] that is also its suffix (KMP).
template <typename Symbols>
std::vector<std::size_t> borders(const Symbols& text) {
  std::vector<std::size_t> border(text.size(), 0);
  for (std::size_t i = 1; i < text.size(); ++i) {
    std::size_t k = border[i - 1];
    while (k > 0 && text[i] != text[k]) k = border[k - 1];
    border[i] = text[i] == text[k] ? k + 1 : 0;
  }
  return border;
}

// Whether the reversed text begins with one block kMinRepeats times, over `least` symbols or more:
// its prefix of length n has period p when it repeats p symbols n/p times.
template <typename Symbols>
bool begins_with_a_loop(const Symbols& reversed, std::size_t least) {
  const std::vector<std::size_t> border = borders(reversed);
  for (std::size_t i = least; i <= reversed.size(); ++i) {
    const std::size_t period = i - border[i - 1];
    if (period * kMinRepeats <= i) return true;
  }
  return false;
}

}  // namespace

bool is_blank(std::string_view text) {
  return trim(text).empty();
}

bool is_looping(std::string_view text) {
  if (is_blank(text)) return false;  // such a text counts as empty
  const std::string_view tail_view =
      text.size() > kTailBytes ? text.substr(text.size() - kTailBytes) : text;
  return begins_with_a_loop(std::string(tail_view.rbegin(), tail_view.rend()), kMinLoopBytes);
}

bool is_looping(std::span<const int> tokens) {
  return begins_with_a_loop(std::vector<int>(tokens.rbegin(), tokens.rend()), kMinLoopTokens);
}

void set_soundness(Score& score, std::span<const Response> responses) {
  for (const Response& response : responses) {
    if (response.finish_reason == FinishReason::error || !response.loglikelihoods.empty()) continue;
    score.truncated |= response.finish_reason == FinishReason::length;
    score.prompt_cut |= response.prompt_tokens_sent > 0;
    score.looping |= is_looping(response.text);
    const Thinking thinking = strip_thinking(response.text);
    score.thinking_not_closed |= thinking.present && !thinking.closed;
    score.empty |= thinking.closed && is_blank(thinking.answer);
  }
}

}  // namespace assay
