#include "run/reading_meter.h"

#include <algorithm>

namespace assay {

void ReadingMeter::asked(std::int64_t id, double at_s, int prompt_tokens) {
  prompts_.push_back({.id = id, .tokens = prompt_tokens, .sent_s = at_s, .from_s = at_s});
  if (prompts_.size() > kWindow) prompts_.pop_front();
}

int ReadingMeter::read_beside(std::int64_t id, double at_s, const Response& answer) {
  const auto own = std::ranges::find(prompts_, id, &Prompt::id);
  if (own == prompts_.end()) return 0;
  own->to_s = std::max(own->sent_s, at_s - answer.decode_s);
  own->from_s = std::max(own->sent_s, own->to_s - answer.first_token_s);
  double tokens = 0;
  for (auto other = prompts_.begin(); other != prompts_.end(); ++other) {
    if (other == own) continue;
    const bool known = other->to_s >= other->from_s;
    if (!known && other < own) continue;
    // Of one that is not answered yet: at the pace at which its own prompt was read.
    const double to_s = known ? other->to_s : other->sent_s + answer.first_token_s;
    const double took_s = to_s - other->from_s;
    const double both_s = std::min(to_s, own->to_s) - std::max(other->from_s, own->from_s);
    if (both_s < 0 || own->to_s <= own->from_s) continue;
    tokens += other->tokens * (took_s > 0 ? std::min(1.0, both_s / took_s) : 1.0);
  }
  return static_cast<int>(tokens);
}

}  // namespace assay
