#include "run/judge_source.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace assay {

JudgeSource::JudgeSource(const ResolvedRun& run, ResolvedVariant judge, EngineIdentity identity,
                         Store& store)
    : run_(run), judge_(std::move(judge)), identity_(std::move(identity)), store_(store) {}

void JudgeSource::add(GradeJob job, Request request) {
  Question question;
  question.jobs.push_back(std::move(job));
  question.request = std::move(request);
  waiting_.push_back(std::move(question));
}

void JudgeSource::set_max_model_len(int tokens) {
  if (tokens <= 0) return;
  std::erase_if(waiting_, [tokens](const Question& question) {
    return tokens_to_read(question.prompt) + question.request.sampling.max_tokens > tokens;
  });
}

Result<std::vector<Request>> JudgeSource::to_render() {
  std::vector<Request> requests;
  for (const Question& question : waiting_) {
    if (!question.has_prompt) requests.push_back(question.request);
  }
  return requests;
}

Status JudgeSource::set_prompts(const std::vector<Rendered>& prompts) {
  std::size_t next = 0;
  for (Question& question : waiting_) {
    if (question.has_prompt) continue;
    question.prompt = prompts[next++];
    question.has_prompt = true;
    question.rendered_key = render_key(judge_, run_.plan.chat, question.request);
    question.key = response_key(judge_, identity_, RequestKind::generate, question.prompt,
                                question.request.sampling, 0);
    TRY(store_.put_rendered(question.rendered_key, question.prompt));
  }
  return merge_equal();
}

Status JudgeSource::merge_equal() {
  std::deque<Question> left;
  std::map<std::string, std::size_t> places;  // in `left`, by key
  for (Question& question : std::exchange(waiting_, {})) {
    const auto stored = TRY(store_.response(question.key));
    if (stored && stored->finish_reason != FinishReason::error) {
      answered_ += static_cast<int>(question.jobs.size());
      TRY(put_steps(std::move(question)));
      continue;
    }
    const auto [place, is_new] = places.emplace(question.key, left.size());
    if (is_new) {
      left.push_back(std::move(question));
    } else {
      std::ranges::move(question.jobs, std::back_inserter(left[place->second].jobs));
    }
  }
  waiting_ = std::move(left);
  return {};
}

// Each answer that the stored words are about is judged by them.
Status JudgeSource::put_steps(Question question) {
  for (GradeJob& job : question.jobs) {
    TRY(store_.put_step({judgement_of(job.id), 0, question.key, question.rendered_key}));
    judged_.push_back(std::move(job));
  }
  return {};
}

std::vector<Offer> JudgeSource::offers() {
  if (waiting_.empty()) return {};
  const Question& next = waiting_.front();
  Offer offer;
  offer.cost.prompt_tokens = tokens_to_read(next.prompt);
  offer.cost.max_tokens = next.request.sampling.max_tokens;
  const bool first = answered_ == 0 && asked_.empty();
  if (first) offer.standing = Offer::Standing::first_of_task;
  return {offer};
}

Status JudgeSource::ask(Engine& engine, std::size_t ticket, std::int64_t id) {
  const auto question = waiting_.begin() + static_cast<std::ptrdiff_t>(ticket);
  TRY(engine.submit(id, RequestKind::generate, question->prompt, question->request.sampling));
  asked_.emplace(id, std::move(*question));
  waiting_.erase(question);
  return {};
}

std::optional<std::size_t> JudgeSource::suspect() const {
  const auto found =
      std::ranges::find_if(waiting_, [](const Question& q) { return q.crashes > 0; });
  if (found == waiting_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - waiting_.begin());
}

int JudgeSource::prompt_tokens_in_flight() const {
  int tokens = 0;
  for (const auto& [id, question] : asked_) tokens += tokens_to_read(question.prompt);
  return tokens;
}

Result<bool> JudgeSource::on_answer(Engine& /*engine*/, const Answered& answered,
                                    std::int64_t /*load_id*/) {
  const auto it = asked_.find(answered.id);
  if (it == asked_.end()) return false;
  Question question = std::move(it->second);
  asked_.erase(it);
  answered_ += static_cast<int>(question.jobs.size());
  if (answered.response.finish_reason == FinishReason::error) return true;
  TRY(store_.put_response(question.key, answered.response, 0));
  TRY(put_steps(std::move(question)));
  return true;
}

Status JudgeSource::drop_waiting(Engine* /*engine*/) {
  waiting_.clear();
  return {};
}

Status JudgeSource::on_death(const std::string& /*why*/, bool alone, std::int64_t /*load_id*/) {
  auto asked = std::exchange(asked_, {});
  std::deque<Question> back;
  for (auto& [id, question] : asked) {
    ++question.crashes;
    if (!alone || question.crashes < 2) back.push_back(std::move(question));
  }
  waiting_.insert(waiting_.begin(), std::make_move_iterator(back.begin()),
                  std::make_move_iterator(back.end()));
  return {};
}

}  // namespace assay
