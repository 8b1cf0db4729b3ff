// Answers put to a judge: one question an answer, in the run's order.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "run/grader.h"
#include "run/keys.h"
#include "run/source.h"
#include "store/store.h"

namespace assay {

class JudgeSource final : public Source {
 public:
  // `judge`: the model that judges, under which its words are stored.
  JudgeSource(const ResolvedRun& run, ResolvedVariant judge, EngineIdentity identity, Store& store);

  void add(GradeJob job, Request request);
  // Questions that are longer, with their answer, than the judge's context are not asked; 0: not
  // known.
  void set_max_model_len(int tokens);
  [[nodiscard]] int waiting() const { return static_cast<int>(waiting_.size()); }
  // The answers that were judged since the last call; the judge's words are in the store.
  [[nodiscard]] std::vector<GradeJob> take_judged() { return std::exchange(judged_, {}); }
  [[nodiscard]] int judged() const { return answered_; }

  [[nodiscard]] Result<std::vector<Request>> to_render() override;
  // A question that is stored already, from an earlier run, is judged by these words; equal ones
  // become one.
  [[nodiscard]] Status set_prompts(const std::vector<Rendered>& prompts) override;
  [[nodiscard]] std::vector<Offer> offers() override;
  [[nodiscard]] Status ask(Engine& engine, std::size_t ticket, std::int64_t id) override;
  [[nodiscard]] std::optional<std::size_t> suspect() const override;
  [[nodiscard]] int in_flight() const override { return static_cast<int>(asked_.size()); }
  [[nodiscard]] int prompt_tokens_in_flight() const override;
  [[nodiscard]] bool first_answers_due() const override { return answered_ == 0; }
  // An answer with an error is not stored: the question is asked again in the next run.
  [[nodiscard]] Result<bool> on_answer(Engine& engine, const Answered& answered,
                                       std::int64_t load_id) override;
  [[nodiscard]] Status drop_waiting(Engine* engine) override;
  void drop_asked() override { asked_.clear(); }
  // What was in flight waits again and is suspect; a question that was alone when a second engine
  // died of it is left out of this run.
  [[nodiscard]] Status on_death(const std::string& why, bool alone, std::int64_t load_id) override;

 private:
  struct Question {
    std::vector<GradeJob> jobs;  // several answers may say the same: one question, one key
    Request request;
    Rendered prompt;
    bool has_prompt = false;
    std::string rendered_key;
    std::string key;
    int crashes = 0;  // engines that died while it was asked, in this run
  };

  Status put_steps(Question question);
  Status merge_equal();

  const ResolvedRun& run_;
  const ResolvedVariant judge_;
  const EngineIdentity identity_;
  Store& store_;
  std::deque<Question> waiting_;
  std::map<std::int64_t, Question> asked_;
  std::vector<GradeJob> judged_;
  int answered_ = 0;
};

}  // namespace assay
