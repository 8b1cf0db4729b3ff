// Which other prompts an engine read while a request waited for its first token. An engine reads
// the prompts of several requests in one go: beside a long prompt, the first token of a short one
// takes as long as that of the long one, and would make reading look slow.
#pragma once

#include <cstdint>
#include <deque>

#include "values/request.h"

namespace assay {

class ReadingMeter {
 public:
  // A request was sent. Times never go back.
  void asked(std::int64_t id, double at_s, int prompt_tokens);
  // Its answer has come, at_s: the tokens of other prompts that were read between its leaving the
  // queue and its first token. Rather too few than too many: what was sent before it and is not
  // answered yet is taken to be read. 0 for ids that were never asked.
  int read_beside(std::int64_t id, double at_s, const Response& answer);

 private:
  struct Prompt {
    std::int64_t id = 0;
    int tokens = 0;
    double sent_s = 0;
    double from_s = 0;  // it was read from then
    double to_s = -1;   // until then; before from_s: not known
  };
  static constexpr std::size_t kWindow = 2048;  // the newest

  std::deque<Prompt> prompts_;  // as sent
};

}  // namespace assay
