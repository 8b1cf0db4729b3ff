// OpenAiEngine: requests that fail, and what a judge's server refuses.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/json.h"
#include "engine/openai_engine.h"
#include "engine/openai_times.h"

namespace assay {

using nlohmann::json;
using std::chrono::milliseconds;

void OpenAiEngine::try_again(std::int64_t id, Job& job, std::string failure,
                             const HttpReply& reply) {
  const auto now = Clock::now();
  if (job.failing_since == Clock::time_point{}) job.failing_since = now;
  job.failure = clean(std::move(failure));
  ++job.tries;
  if (job.last_chance) return park(job);
  // A rate limit holds no one back who still gets answers.
  const bool rate = reply.status == 429;
  const auto since = rate ? std::max(job.failing_since, last_good_) : job.failing_since;
  const auto left = std::chrono::ceil<milliseconds>(since + options_.retry_for - now);
  const milliseconds asked(std::llround(reply.retry_after_s * 1000));
  const bool too_long = asked.count() > 0 && asked > left;
  if (too_long) {
    job.failure += fmt::format(" (it asks to wait {:g} s; of retry_for {:.1f} s are left)",
                               seconds_of(asked), std::max(0.0, seconds_of(left)));
  }
  if (too_long || left.count() <= 0) return rate ? die(lost(job)) : park(job);
  milliseconds pause = retry_pause(job.tries, options_.first_pause, options_.longest_pause,
                                   static_cast<std::uint64_t>(id));
  pause = std::min(left, std::max(asked, pause));  // the last try is made when the time is over
  log(fmt::format("request {}: {}; again in {:.1f} s", id, job.failure, seconds_of(pause)));
  job.not_before = now + pause;
  if (asked.count() > 0) hold_until_ = std::max(hold_until_, now + asked);
}

Error OpenAiEngine::lost(const Job& job) const {
  const double failed_s = seconds_between(job.failing_since, Clock::now());
  const bool once = job.tries == 1;
  return {ErrorKind::environment,
          once ? std::string("the endpoint failed")
               : fmt::format("the endpoint failed for {:.1f} s", failed_s),
          job.failure, "see that the server is well, then run the same command again to go on"};
}

// Whether the server or the request is to blame, another request tells.
void OpenAiEngine::park(Job& job) {
  job.parked = true;
  if (canary_due_ == Clock::time_point{}) canary_due_ = Clock::now();
  if (canary_ == 0) send_canary();
}

void OpenAiEngine::send_canary() {
  auto sent = http_.start({options_.base_url + std::string(wire_path(options_.mode)),
                           proven_.empty() ? dump_json(canary_body(format_)) : proven_,
                           {}});
  if (!sent) return die(sent.error());
  canary_ = *sent;
}

void OpenAiEngine::on_canary(const HttpReply& reply) {
  canary_due_ = {};
  const auto parked =
      std::ranges::find_if(jobs_, [](const auto& job) { return job.second.parked; });
  if (parked == jobs_.end()) return;
  ReplyReader reader(answering(), {}, &secrets_);
  reader.feed(reply.body);
  reader.end();
  const bool well =
      reply.failure.empty() && reply.status >= 200 && reply.status < 300 && reader.problem.empty();
  if (well) return on_good_canary();
  for (auto& [id, job] : jobs_) job.last_chance = false;  // it may have failed of the same illness
  const auto now = Clock::now();
  const auto well_until = std::max(last_good_, parked->second.failing_since);
  if (now - well_until >= options_.retry_for) return die(lost(parked->second));
  const milliseconds pause = std::max(
      milliseconds(std::llround(reply.retry_after_s * 1000)),
      retry_pause(++canary_tries_, options_.first_pause, options_.longest_pause, /*salt=*/0));
  canary_due_ = now + std::min<Clock::duration>(pause, well_until + options_.retry_for - now);
}

// The server is well now. Who failed before is asked once more; who failed since is to blame.
void OpenAiEngine::on_good_canary() {
  canary_tries_ = 0;
  last_good_ = Clock::now();
  std::vector<std::int64_t> guilty;
  for (auto& [id, job] : jobs_) {
    if (!job.parked) continue;
    job.parked = false;
    job.not_before = last_good_;
    if (std::exchange(job.last_chance, true)) guilty.push_back(id);
  }
  for (const std::int64_t id : guilty) {
    const Job& job = jobs_.at(id);
    answer_failed(id, fmt::format("it failed for {:.1f} s while another request was answered: {}",
                                  seconds_between(job.failing_since, last_good_), job.failure));
  }
}

// The canary is the request whose answer was shortest.
void OpenAiEngine::remember(const Job& job, const Response& response) {
  const int tokens = output_tokens(response);
  if (job.kind != RequestKind::generate || (!proven_.empty() && tokens >= proven_tokens_)) return;
  proven_ = job.body;
  proven_tokens_ = tokens;
}

AnsweringModel OpenAiEngine::answering() const {
  return {options_.model, options_.answers_as, options_.lenient};
}

// --- what a judge's server refuses ---

bool OpenAiEngine::adapt(const Job& asked, const HttpReply& reply) {
  if (reply.status != 400 && reply.status != 422) return false;
  const auto change = change_for(reply.body);
  if (!change) return false;
  if (is_done(*change, format_)) return asked.sent < adapted_at_;  // written the old way still
  adapted_at_ = Clock::now();
  const std::string key = format_.max_tokens_key;
  apply(*change, format_);
  for (auto& [id, job] : jobs_) {
    json body = json::parse(job.body);
    if (change->renamed) {
      if (body.contains(key)) body[format_.max_tokens_key] = body[key];
      body.erase(key);
    } else {
      body.erase(change->parameter);
    }
    job.body = dump_json(body);
  }
  const std::string said =
      change->renamed
          ? fmt::format("{} is sent as {}: the server refuses it", key, format_.max_tokens_key)
          : fmt::format("{} is left out: the server refuses it", change->parameter);
  log(said);
  events_.emplace_back(Progressed{said});
  return true;
}

}  // namespace assay
