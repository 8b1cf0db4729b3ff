#include "sim_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <utility>

namespace assay::sim {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kDone = 1e-9;  // so much of a token or a second is rounding
constexpr int kJudgeTokens = 12;

Asked asked_in(const std::string& prompt) {
  Asked asked;
  std::istringstream(prompt) >> asked.task >> asked.item >> asked.prompt_tokens >> asked.about;
  return asked;
}

}  // namespace

std::string prompt_of(const Asked& asked) {
  return fmt::format("{} {} {} {}", asked.task, asked.item, asked.prompt_tokens, asked.about);
}

void Happened::signal_by(double at_s, const World& world) {
  if (world.interrupted_at_s <= 0 || at_s < world.interrupted_at_s) return;
  if (!std::exchange(interrupted, true)) stop = true;
}

void Happened::pass_until(double at_s, const World& world) {
  signal_by(at_s, world);
  clock.advance(Seconds(std::max(0.0, at_s - clock.now().count())));
}

SimEngine::SimEngine(const World& world, std::size_t variant, Happened& happened)
    : world_(world),
      variant_(variant < world.variants.size() ? world.variants[variant] : world.judge),
      happened_(happened),
      loads_(happened.loads[variant]),
      random_(world.seed * 64 + variant),
      name_(std::to_string(variant)) {
  hello_ = {"sim", {{"sim", "1"}}, {"generate"}, world.max_in_flight};
}

Result<std::vector<Rendered>> SimEngine::render(const std::vector<Request>& requests) {
  std::vector<Rendered> out;
  for (const Request& request : requests) {
    Rendered rendered;
    rendered.text = request.messages.back().content;
    const Asked asked = asked_in(rendered.text);
    rendered.prompt_tokens.assign(static_cast<std::size_t>(asked.prompt_tokens), asked.item);
    const std::array<int, 2> which{asked.task, std::stoi(asked.about)};
    std::ranges::copy(which, rendered.prompt_tokens.begin());
    out.push_back(std::move(rendered));
  }
  return out;
}

Result<LoadFacts> SimEngine::load(const nlohmann::json&, std::chrono::seconds timeout) {
  const bool first = ++loads_ == 1;
  const bool fails = first && variant_.loads_fail_after_s > 0;
  const double takes_s = fails ? variant_.loads_fail_after_s : variant_.load_s;
  const auto limit_s = static_cast<double>(timeout.count());
  happened_.clock.advance(Seconds(std::min(takes_s, limit_s)));
  if (takes_s > limit_s) return environment_error("the load took too long", "", "");
  if (fails) return environment_error("the engine died while it loaded", "", "");
  ready_s_ = now_s();
  if (first && variant_.dies_after_s > 0) dies_s_ = ready_s_ + variant_.dies_after_s;
  LoadFacts loaded;
  loaded.load_s = takes_s;
  return loaded;
}

Status SimEngine::submit(std::int64_t id, RequestKind, const Rendered& rendered, const Sampling&,
                         int) {
  const Asked asked = asked_in(rendered.text);
  Running request;
  request.id = id;
  request.tokens =
      asked.task == kJudgesQuestion
          ? kJudgeTokens
          : variant_
                .answers[static_cast<std::size_t>(asked.task)][static_cast<std::size_t>(asked.item)]
                .tokens;
  request.tokens_left = request.tokens;
  request.prompt_tokens = asked.prompt_tokens;
  request.unread_s = asked.prompt_tokens * world_.prompt_token_s * variant_.slowness;
  request.pace = std::exp(world_.pace_noise * random_.normal());
  request.sent_s = now_s();
  running_.push_back(request);
  return {};
}

// Seconds a token of each request, with those that are in flight.
double SimEngine::token_s() const {
  const auto beside = static_cast<double>(running_.size()) - 1;
  return variant_.slowness * world_.token_s * (1 + world_.crowding * beside);
}

// Until a prompt is read or an answer is done.
double SimEngine::next_change_s() const {
  double next_s = kNever;
  bool reading = false;
  for (const Running& request : running_) {
    if (request.unread_s > 0) {
      if (!std::exchange(reading, true)) next_s = std::min(next_s, request.unread_s);
    } else {
      next_s = std::min(next_s, request.tokens_left * token_s() * request.pace);
    }
  }
  return next_s;
}

void SimEngine::work(double for_s) {
  bool reading = false;
  const double one_s = token_s();
  for (Running& request : running_) {
    if (request.unread_s > 0) {
      if (std::exchange(reading, true)) continue;
      if (request.begun_s < 0) request.begun_s = now_s();
      request.unread_s -= for_s;
      if (request.unread_s > kDone) continue;
      request.unread_s = 0;
      request.read_s = now_s() + for_s;
    } else {
      request.tokens_left -= for_s / (one_s * request.pace);
    }
  }
  happened_.clock.advance(Seconds(for_s));
}

// As many prompts as one piece holds, in the order in which they came; each request that has been
// read makes a token in the same time.
void SimEngine::begin_step() {
  const double piece_s = world_.chunk_tokens * world_.prompt_token_s * variant_.slowness;
  double left_s = piece_s;
  for (Running& request : running_) {
    request.reading_s = std::min(request.unread_s, left_s);
    left_s -= request.reading_s;
    if (request.reading_s > 0 && request.begun_s < 0) request.begun_s = now_s();
  }
  step_ends_s_ = now_s() + token_s() + piece_s - left_s;
}

void SimEngine::end_step() {
  step_ends_s_ = -1;
  for (Running& request : running_) {
    if (request.unread_s <= 0) {
      request.tokens_left -= std::min(request.tokens_left, 1 / request.pace);
      continue;
    }
    request.unread_s -= request.reading_s;
    if (request.unread_s > kDone) continue;
    request.unread_s = 0;
    request.read_s = now_s();
  }
}

bool SimEngine::reads_in_pieces() const {
  if (world_.chunk_tokens == 0) return false;
  return step_ends_s_ >= 0 ||
         std::ranges::any_of(running_, [](const Running& r) { return r.unread_s > 0; });
}

void SimEngine::step(double until_s) {
  if (step_ends_s_ < 0) begin_step();
  happened_.clock.advance(Seconds(std::max(0.0, std::min(step_ends_s_, until_s) - now_s())));
  if (now_s() >= step_ends_s_) end_step();
}

// Time in which nothing moves, until then at most.
void SimEngine::pass_stall(double until_s) {
  if (stalls_had_ == variant_.stalls.size()) return;
  const Stall& stall = variant_.stalls[stalls_had_];
  const double begins_s = ready_s_ + stall.after_s;
  if (now_s() < begins_s) return;
  const double ends_s = begins_s + stall.for_s;
  if (ends_s <= until_s) ++stalls_had_;
  happened_.clock.advance(Seconds(std::max(0.0, std::min(ends_s, until_s) - now_s())));
}

std::optional<EngineEvent> SimEngine::take_answer() {
  const auto done = std::ranges::find_if(running_, [](const Running& request) {
    return request.unread_s <= 0 && request.tokens_left <= kDone;
  });
  if (done == running_.end()) return std::nullopt;
  Answered answered{done->id, {}};
  const double token_s = (now_s() - done->read_s) / done->tokens;
  answered.response.text = name_;
  answered.response.unlisted_tokens = done->tokens;
  answered.response.prompt_tokens = done->prompt_tokens;
  answered.response.decode_s = token_s * (done->tokens - 1);
  answered.response.first_token_s = token_s + done->read_s - done->begun_s;
  answered.response.queued_s = std::max(
      0.0, now_s() - done->sent_s - answered.response.decode_s - answered.response.first_token_s);
  running_.erase(done);
  happened_.last_answer_s = now_s();
  return answered;
}

Died SimEngine::die() {
  dies_s_ = kNever;
  Died died{{ErrorKind::environment, "the engine died", "as the plan says", ""}, {}};
  for (const Running& request : running_) died.unanswered.push_back(request.id);
  running_.clear();
  step_ends_s_ = -1;
  return died;
}

std::optional<EngineEvent> SimEngine::wait(std::chrono::milliseconds timeout) {
  const double until_s = now_s() + static_cast<double>(timeout.count()) / 1000;
  happened_.signal_by(until_s, world_);
  while (true) {
    if (now_s() >= dies_s_) return die();
    if (auto answer = take_answer()) return answer;
    const double left_s = until_s - now_s();
    if (left_s <= 0) return std::nullopt;
    if (running_.empty()) {
      happened_.idle_s += left_s;
      happened_.clock.advance(Seconds(left_s));
      return std::nullopt;
    }
    pass_stall(until_s);
    if (reads_in_pieces()) {
      step(until_s);
      continue;
    }
    work(std::max(0.0, std::min(next_change_s(), until_s - now_s())));
  }
}

void SimEngine::shutdown(std::chrono::seconds) {
  if (!happened_.stop) happened_.cut += static_cast<int>(running_.size());
  running_.clear();
}

}  // namespace assay::sim
