// Every parser of src/score over arbitrary bytes: no crash, no hang, and a few things that must
// always hold.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "score/boxed.h"
#include "score/choice.h"
#include "score/choice_statement.h"
#include "score/code_block.h"
#include "score/code_choice.h"
#include "score/hle.h"
#include "score/lm_eval.h"
#include "score/math/math.h"
#include "score/soundness.h"
#include "score/think.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // A line break, if there is one, parts the gold answer from the output.
  const std::string_view gold = text.substr(0, text.find('\n'));
  const std::string_view output = gold.size() < text.size() ? text.substr(gold.size() + 1) : text;

  require(strip_thinking(text).answer.size() <= text.size());
  if (const auto boxed = last_boxed(text)) require(boxed->size() < text.size());
  for (const int options : {1, 4, 10}) {
    const auto choice = extract_choice(text, options);
    require(!choice || (choice->letter >= 'A' && choice->letter < 'A' + options));
    for (const StatedChoice& stated :
         {stated_choice(text, options), leading_choice(text, options)}) {
      require(!stated.letter || (*stated.letter >= 'A' && *stated.letter < 'A' + options));
      require(!stated.letter || !stated.stage.empty());
    }
  }
  (void)extract_gpqa_choice(text);
  require(extract_livecodebench_code(text).code.size() <= text.size());
  require(extract_wanted_code(text, {.names = {"f", "g"}, .in_class = true}).code.size() <=
          text.size());
  require(extract_wanted_code(text, {}).code.size() <= text.size());
  require(extract_scicode_code(text).code.size() <= text.size());
  const HleAnswer hle = parse_hle_answer(text);
  require(!hle.confidence || (*hle.confidence >= 0 && *hle.confidence <= 1));
  (void)hle_choice_letter(text);
  (void)hle_same_text(gold, output);
  (void)is_looping(text);
  (void)lm_eval_strip_string(text);
  (void)lm_eval_is_equiv(lm_eval_between_dollars(output), gold);
  if (const auto box = lm_eval_last_boxed(text)) (void)lm_eval_remove_boxed(*box);
  require(lm_eval_postprocess(text, {"Question:"}, "</think>").size() <= text.size());
  const MathJudgement judged = judge_math(gold, output, nullptr);
  require(!judged.used_oracle);
  (void)judge_aime(204, output);
  return 0;
}
