#include "engine/openai_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/openai_times.h"
#include "values/score.h"

namespace assay {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

// The server's count of a prompt's tokens against ours. It may leave out a token at the start, or
// split the text in a slightly other way; more than that is missing.
bool is_cut(int read, int sent) {
  return read > 0 && read < sent - std::max(4, sent / 100);
}

bool may_pass(int status) {
  return status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
}

}  // namespace

milliseconds retry_pause(int tries, milliseconds first, milliseconds longest, std::uint64_t salt) {
  milliseconds pause = first;
  for (int i = 1; i < tries && pause < longest; ++i) pause *= 2;
  pause = std::min(pause, longest);
  const std::uint64_t mixed = sha256_u64(fmt::format("{} {}", salt, tries));
  const double share = 0.5 + 0.5 * (static_cast<double>(mixed >> 11) / 9007199254740992.0);
  return milliseconds(std::llround(static_cast<double>(pause.count()) * share));
}

// --- before any request ---

Result<OpenedModel> OpenAiEngine::open(const std::string& model_folder, bool apply_template,
                                       const json& template_args) {
  if (dead_) return std::unexpected(*dead_);
  OpenedModel out;
  if (options_.mode == EndpointMode::completions) {
    if (!renderer_) renderer_ = TRY(options_.start_renderer());
    out = TRY(renderer_->open(model_folder, apply_template, template_args));
  } else {
    if (!apply_template) {
      return usage_error("a chat endpoint applies its own template", "chat.apply_template is false",
                         "use mode completions");
    }
    template_args_ = template_args;
    out.max_model_len = max_model_len_;
  }
  open_ = true;
  return out;
}

Result<std::vector<Rendered>> OpenAiEngine::render(const std::vector<Request>& requests) {
  if (dead_) return std::unexpected(*dead_);
  if (!open_) return usage_error("cannot render", "no model is open", "call open() first");
  if (options_.mode == EndpointMode::completions) return renderer_->render(requests);
  std::vector<Rendered> out;
  out.reserve(requests.size());
  for (const Request& request : requests) out.push_back(rendered_chat(request, template_args_));
  return out;
}

Result<LoadFacts> OpenAiEngine::load(const json& /*args*/, std::chrono::seconds /*timeout*/) {
  if (dead_) return std::unexpected(*dead_);
  if (!open_ || loaded_) {
    return environment_error("cannot load",
                             open_ ? "the engine is loaded already" : "no model is open", "");
  }
  loaded_ = true;
  LoadFacts out;
  out.max_model_len = max_model_len_;
  out.max_num_seqs = options_.max_concurrency;
  out.engine = facts_;
  return out;
}

// --- requests ---

bool OpenAiEngine::fits(RequestKind kind, const Rendered& rendered,
                        const Sampling& sampling) const {
  if (max_model_len_ == 0) return true;
  const auto limit = static_cast<std::size_t>(max_model_len_);
  if (kind == RequestKind::generate) {
    return rendered.prompt_tokens.size() + static_cast<std::size_t>(sampling.max_tokens) <= limit;
  }
  return std::ranges::all_of(rendered.scored, [limit](const Rendered::Scored& scored) {
    return scored.tokens.size() + 1 <= limit;
  });
}

Status OpenAiEngine::submit(std::int64_t id, RequestKind kind, const Rendered& rendered,
                            const Sampling& sampling, int top_k) {
  if (dead_) return std::unexpected(*dead_);
  if (!loaded_) return environment_error("cannot ask", "no engine is loaded", "call load() first");
  const auto& able = hello_.capabilities;
  if (std::ranges::find(able, to_string(kind)) == able.end()) {
    return environment_error(
        fmt::format("the endpoint of {} cannot do {}", options_.model, to_string(kind)),
        "this server gives no log-probabilities of a prompt",
        "write `logprobs: false` in the plan's engine: tasks that need them become N/A");
  }
  if (jobs_.contains(id)) {
    return environment_error(fmt::format("request {} is already in flight", id), "", "");
  }
  if (static_cast<int>(jobs_.size()) >= hello_.max_in_flight) {
    return environment_error("too many requests in flight",
                             fmt::format("the engine takes {}", hello_.max_in_flight), "");
  }
  if (!fits(kind, rendered, sampling)) {
    answer_failed(id, reason::kPromptDoesNotFit);
    return {};
  }
  Job job;
  job.kind = kind;
  job.rendered = rendered;
  job.top_k = top_k;
  job.submitted = Clock::now();
  try {
    job.body = dump_json(wire_body(format_, kind, rendered, sampling, top_k));
  } catch (const json::exception& e) {
    return environment_error("a stored prompt is no chat", e.what(), "");
  }
  jobs_.emplace(id, std::move(job));
  launch();
  return {};
}

Status OpenAiEngine::cancel(std::int64_t id) {
  const auto it = jobs_.find(id);
  if (it == jobs_.end()) return {};
  if (it->second.transfer != 0) {
    http_.cancel(it->second.transfer);
    job_of_.erase(it->second.transfer);
  }
  answer_failed(id, "cancelled");
  return {};
}

void OpenAiEngine::launch() {
  const auto now = Clock::now();
  if (canary_ == 0 && canary_due_ != Clock::time_point{} && now >= canary_due_) send_canary();
  for (auto& [id, job] : jobs_) {
    if (dead_ || static_cast<int>(job_of_.size()) >= options_.max_concurrency) return;
    if (now < hold_until_ || now < next_send_) return;
    if (job.transfer != 0 || job.parked || now < job.not_before) continue;
    if (const Status sent = send(job); !sent) return die(sent.error());
    job_of_[job.transfer] = id;
    if (options_.requests_per_minute > 0) {
      next_send_ = now + milliseconds(std::llround(60'000 / options_.requests_per_minute));
    }
  }
}

Status OpenAiEngine::send(Job& job) {
  job.reader = std::make_unique<ReplyReader>(answering(), ReplyLimits{}, &secrets_);
  job.sent = Clock::now();
  ReplyReader* reader = job.reader.get();
  job.transfer =
      TRY(http_.start({options_.base_url + std::string(wire_path(options_.mode)), job.body,
                       [reader](std::string_view piece) { return reader->feed(piece); }}));
  return {};
}

OpenAiEngine::Clock::time_point OpenAiEngine::next_due(Clock::time_point limit) const {
  Clock::time_point due = limit;
  if (canary_ == 0 && canary_due_ != Clock::time_point{}) due = std::min(due, canary_due_);
  if (static_cast<int>(job_of_.size()) >= options_.max_concurrency) return due;
  const Clock::time_point all = std::max(hold_until_, next_send_);
  for (const auto& [id, job] : jobs_) {
    if (job.transfer == 0 && !job.parked) due = std::min(due, std::max(all, job.not_before));
  }
  return due;
}

std::optional<EngineEvent> OpenAiEngine::wait(milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (true) {
    if (!dead_) {
      launch();
      const auto until = events_.empty() ? next_due(deadline) : Clock::now();
      const auto pause = std::chrono::ceil<milliseconds>(until - Clock::now());
      for (const HttpClient::Done& done : http_.pump(std::max(milliseconds(0), pause))) {
        on_done(done);
      }
    }
    if (!events_.empty()) {
      EngineEvent event = std::move(events_.front());
      events_.pop_front();
      return event;
    }
    if (dead_ || Clock::now() >= deadline) return std::nullopt;
  }
}

void OpenAiEngine::on_done(const HttpClient::Done& done) {
  if (dead_) return;
  if (done.id == canary_) {
    canary_ = 0;
    return on_canary(done.reply);
  }
  const auto found = job_of_.find(done.id);
  if (found == job_of_.end()) return;
  const std::int64_t id = found->second;
  job_of_.erase(found);
  Job& job = jobs_.at(id);
  job.transfer = 0;
  on_reply(id, job, done.reply);
}

void OpenAiEngine::on_reply(std::int64_t id, Job& job, const HttpReply& reply) {
  if (!reply.failure.empty()) return try_again(id, job, reply.failure, reply);
  if (reply.status < 200 || reply.status >= 300) return on_bad_status(id, job, reply);
  ReplyReader& reader = *job.reader;
  reader.end();
  if (reader.over_limit) {  // asked again it would be as long
    if (worked_[job.kind]) return answer_failed(id, clean(reader.problem));
    return die({ErrorKind::environment, "the endpoint's replies cannot be read",
                clean(reader.problem), "see what the server sends, and read its own log"});
  }
  if (reader.wrong_model) {
    return die({ErrorKind::environment, "another model answers at " + options_.base_url,
                clean(reader.problem),
                "name the model as the server does (GET /models), say answers_as if it answers "
                "under another name, or mend base_url"});
  }
  if (reader.too_long) return set_aside_too_long(id, reader.problem);
  if (!reader.problem.empty()) return try_again(id, job, reader.problem, reply);
  on_good_reply(id, job);
}

void OpenAiEngine::on_good_reply(std::int64_t id, Job& job) {
  const ReplyReader& reader = *job.reader;
  Response response;
  if (job.kind == RequestKind::generate) {
    response = generate_response(reader);
    if (reader.first_token != Clock::time_point{}) {
      response.first_token_s = seconds_between(job.sent, reader.first_token);
      response.decode_s = seconds_between(reader.first_token, reader.last_token);
    } else {  // an empty answer: its end is all that came
      response.first_token_s = seconds_between(job.sent, Clock::now());
    }
  } else {
    auto read = scored_response(format_, job.kind, job.rendered, job.top_k, reader.whole);
    if (!read) return try_again(id, job, read.error().what + ": " + read.error().why, {});
    response = *std::move(read);
    response.first_token_s = seconds_between(job.sent, Clock::now());
  }
  // Tries that failed, and the pauses after them, are the server's trouble and not its pace.
  response.queued_s = seconds_between(std::max(job.submitted, job.not_before), job.sent);
  const int sent = tokens_to_read(job.rendered);  // 0 in a chat: the server renders it
  if (job.kind == RequestKind::generate && is_cut(response.prompt_tokens, sent)) {
    response.prompt_tokens_sent = sent;
  }
  if (response.prompt_tokens == 0) response.prompt_tokens = sent;
  last_good_ = Clock::now();
  worked_[job.kind] = true;
  remember(job, response);
  generated_tokens_ += output_tokens(response);
  prompt_tokens_ += response.prompt_tokens;
  answer(id, std::move(response));
}

void OpenAiEngine::on_bad_status(std::int64_t id, Job& job, const HttpReply& reply) {
  const std::string words = fmt::format("HTTP {}: {}", reply.status, words_of(reply));
  // Whatever the status: asked again it would be as long. A 429 is about a rate.
  if (reply.status != 429 && says_too_long(reply.body)) return set_aside_too_long(id, words);
  if (may_pass(reply.status)) return try_again(id, job, words, reply);
  if (options_.lenient && adapt(job, reply)) {
    job.not_before = Clock::now();
    return;
  }
  const bool about_the_request =
      reply.status >= 400 && reply.status != 401 && reply.status != 403 && reply.status != 404;
  if (about_the_request && worked_[job.kind]) {
    return answer_failed(id, "the server refuses it: " + words);
  }
  std::string fix = "read the server's own log";
  if (reply.status == 401 || reply.status == 403) fix = "check the API key and what it may do";
  if (reply.status < 400) fix = "write the final address as base_url: redirects are not followed";
  die({ErrorKind::environment, "the endpoint refuses requests", words, fix});
}

// --- events ---

void OpenAiEngine::answer(std::int64_t id, Response response) {
  jobs_.erase(id);
  events_.emplace_back(Answered{id, std::move(response)});
}

void OpenAiEngine::answer_failed(std::int64_t id, const std::string& why) {
  if (why != "cancelled") log(fmt::format("request {}: {}", id, why));
  Response response;
  response.finish_reason = FinishReason::error;
  response.error = why;
  answer(id, std::move(response));
}

void OpenAiEngine::set_aside_too_long(std::int64_t id, const std::string& words) {
  log(fmt::format("request {}: {}", id, clean(words)));
  answer_failed(id, reason::kPromptDoesNotFit);
}

void OpenAiEngine::die(Error error) {
  if (dead_) return;
  log(fmt::format("end: {}: {}", error.what, error.why));
  error.others_can_go_on = true;  // another variant has another model, or another server
  Died died{error, {}, /*final=*/true};
  for (const auto& [id, job] : jobs_) died.unanswered.push_back(id);
  for (const auto& [transfer, id] : job_of_) http_.cancel(transfer);
  if (canary_ != 0) http_.cancel(canary_);
  jobs_.clear();
  job_of_.clear();
  dead_ = std::move(error);
  events_.emplace_back(std::move(died));
}

Result<EngineStats> OpenAiEngine::stats() {
  if (dead_) return std::unexpected(*dead_);
  EngineStats out;
  out.running = static_cast<int>(job_of_.size());
  out.waiting = static_cast<int>(jobs_.size()) - out.running;
  out.generated_tokens = generated_tokens_;
  out.prompt_tokens = prompt_tokens_;
  return out;
}

Status OpenAiEngine::start_lm_eval(std::int64_t /*id*/, const json& /*arguments*/) {
  return usage_error("lm-eval does not run over an endpoint", "it needs the worker's engine",
                     "use `harness: native`");
}

Status OpenAiEngine::answer_need(std::int64_t /*need*/, const Response* /*response*/) {
  return start_lm_eval(0, {});
}

void OpenAiEngine::shutdown(std::chrono::seconds timeout) {
  if (renderer_) renderer_->shutdown(timeout);
  for (const auto& [transfer, id] : job_of_) http_.cancel(transfer);
  if (canary_ != 0) http_.cancel(canary_);
  job_of_.clear();
  jobs_.clear();
  events_.clear();
  if (!dead_) dead_ = Error{ErrorKind::environment, "the engine was shut down", "", ""};
}

}  // namespace assay
