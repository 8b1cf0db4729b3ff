#include "run/engine_turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace assay {

using std::chrono::milliseconds;

namespace {

// A load hangs when it takes so many times as long as the longest that was seen of these weights.
constexpr double kSlowerLoad = 3;

// After a crash so many requests are asked one by one at once: of a thousand that would take hours.
constexpr int kFewSuspects = 16;

}  // namespace

EngineTurn::EngineTurn(const RunOptions& options, RunServices& services, EngineSetup setup)
    : options_(options),
      services_(services),
      setup_(std::move(setup)),
      pace_(services.guess),
      engine_args_(setup_.engine_args) {}

EngineTurn::~EngineTurn() {
  shut_down();
}

void EngineTurn::shut_down() {
  if (engine_) engine_->shutdown(std::chrono::seconds(5));
  engine_.reset();
}

Deadline EngineTurn::until() const {
  return Deadline::in(Seconds(deadline_s_ - now_s())).or_stop(services_.stop);
}

void EngineTurn::begin_doing(Doing what) {
  doing_ = what;
  doing_since_s_ = now_s();
  engine_says_.clear();
}

void EngineTurn::show_progress() {
  if (!services_.progress.due()) return;
  ProgressState state = progress_state();
  if (doing_ != Doing::answers) {
    state.doing = doing_;
    state.doing_s = now_s() - doing_since_s_;
    state.engine_says = engine_says_;
  }
  services_.progress.update(state);
}

EngineWaits EngineTurn::waits() {
  const auto tick = [this]() -> Status {
    show_progress();
    return services_.tick ? services_.tick() : Status();
  };
  return {until(), tick, [this](std::string_view line) { engine_says_ = one_line(line); }};
}

Status EngineTurn::start_engine() {
  if (engine_) return {};
  begin_doing(Doing::starts);
  engine_ = TRY(in_time(make_engine(waits())));
  engine_->end_by(until());
  const OpenedModel opened =
      TRY(in_time(engine_->open(setup_.folder, setup_.apply_template, setup_.template_args)));
  return on_opened(opened);
}

Status EngineTurn::render_waiting() {
  engine_->end_by(until());
  for (Source* source : sources()) {
    while (true) {
      const std::vector<Request> requests = TRY(source->to_render());
      if (requests.empty()) break;
      TRY(source->set_prompts(TRY(in_time(engine_->render(requests)))));
      TRY(services_.store.flush_if_due());
    }
  }
  return {};
}

// What is killed on the way has spent its time, too.
Status EngineTurn::load_engine() {
  if (services_.tick) TRY(services_.tick());
  TRY(services_.store.flush());
  while (true) {
    TRY(start_engine());
    begin_doing(Doing::reads_prompts);
    TRY(render_waiting());
    TRY(services_.store.flush());
    const Status loaded = load_weights();
    if (loaded || !TRY(lower_memory(loaded.error().why))) return loaded;  // lowered once
    engine_.reset();  // its memory is free once it has ended
  }
}

Result<bool> EngineTurn::lower_memory(const std::string& why) {
  const nlohmann::json less = engine_->less_memory();
  if (less.empty() || !lowered_.empty()) return false;
  std::vector<std::string> words;
  for (const auto& [name, value] : less.items()) {
    const auto planned = setup_.engine_args.find(name);
    lowered_.push_back({name, planned == setup_.engine_args.end() ? "not set" : dump_json(*planned),
                        dump_json(value)});
    words.push_back(
        fmt::format("{} {} (the plan: {})", name, lowered_.back().taken, lowered_.back().planned));
    engine_args_[name] = value;
  }
  const std::string taken = join(words, ", ");
  services_.progress.say(bilingual("{}: out of memory ({}); it is loaded once more with {}",
                                   "{}：显存或内存不足（{}）；改用 {} 再加载一次", setup_.name, why,
                                   taken));
  TRY(services_.store.add_event(services_.clock.wall().count(), "loaded with less memory",
                                {{"variant", setup_.name}, {"why", why}, {"taken", taken}}));
  return true;
}

Status EngineTurn::load_weights() {
  services_.progress.say(bilingual("{}: loading {}", "{}：正在加载 {}", setup_.name, setup_.model));
  begin_doing(Doing::loads);
  const double began_s = now_s();
  const double left_s = std::max(1.0, deadline_s_ - began_s);
  const double limit_s = TRY(load_limit_s());
  const auto timeout = std::chrono::seconds(std::llround(std::ceil(std::min(limit_s, left_s))));
  engine_->end_by(until());
  auto loaded = in_time(engine_->load(engine_args_, timeout));
  const double took_s = now_s() - began_s;
  if (!loaded && loaded.error().kind == ErrorKind::environment &&
      took_s >= std::min(limit_s, left_s)) {
    return std::unexpected(load_hung(loaded.error(), took_s));
  }
  if (!loaded && !cut_short_) return own_fault(std::move(loaded).error());
  loaded_ = TRY(std::move(loaded));
  loaded_.lowered = lowered_;
  begin_doing(Doing::answers);
  TRY(on_loaded());
  services_.progress.say(bilingual("{}: ready after {}", "{}：{} 后就绪", setup_.name,
                                   human_duration(loaded_.load_s)));
  return services_.store.flush();
}

// Downloads are over by now: what a load takes depends on the weights and the disk.
Result<double> EngineTurn::load_limit_s() const {
  if (options_.load_timeout_s > 0) return options_.load_timeout_s;
  double longest_s = 0;
  for (const StoredLoad& load : TRY(services_.store.loads())) {
    if (load.variant == setup_.loads_of) longest_s = std::max(longest_s, load.facts.load_s);
  }
  return std::max(services_.load_limit_s, kSlowerLoad * longest_s);
}

std::unexpected<Error> EngineTurn::own_fault(Error error) const {
  error.others_can_go_on = error.kind == ErrorKind::environment &&
                           (!services_.gpus_are_there || services_.gpus_are_there());
  return std::unexpected(std::move(error));
}

// `error`: that the engine did not answer, with the last lines of its log.
Error EngineTurn::load_hung(const Error& error, double took_s) const {
  Error out = error;
  out.what = fmt::format("the load of {} hung: not ready after {}", setup_.name,
                         human_duration(std::floor(took_s)));
  out.fix += rank_count(setup_.engine_args) > 1
                 ? "; ranks that wait for one another are mostly helped by `env: "
                   "{NCCL_P2P_DISABLE: \"1\"}` or `engine: {disable_custom_all_reduce: true}`"
                 : "";
  out.fix += cut_short_ ? "; a load that is only slow needs a larger budget"
                        : "; a load that is only slow needs a larger engine.load_timeout";
  return out;
}

int EngineTurn::in_flight() {
  int count = 0;
  for (const Source* source : sources()) count += source->in_flight();
  return count;
}

int EngineTurn::prompt_tokens_in_flight() {
  int tokens = 0;
  for (const Source* source : sources()) tokens += source->prompt_tokens_in_flight();
  return tokens;
}

// Beyond what the engine works on at once an eighth of it waits in its own queue, so that a place
// that becomes free is filled in the same step and not in the next one (docs/gpu.md has what that
// is worth).
constexpr int kWaitingShare = 8;

int EngineTurn::room() {
  int limit = engine_->hello().max_in_flight;
  if (loaded_.max_num_seqs > 0) {
    limit = std::min(limit, loaded_.max_num_seqs + loaded_.max_num_seqs / kWaitingShare);
  }
  return std::max(1, limit) - in_flight();
}

Status EngineTurn::admit_from(Source& source, const AskUntil& until) {
  TRY(source.refresh(*engine_));
  while (room() > 0) {
    const std::vector<Offer> offers = source.offers();
    const AdmissionState state{now_s(),     until.deadline_s,          until.begin_by_s,
                               in_flight(), prompt_tokens_in_flight(), source.first_answers_due()};
    const Decision decision = next_to_ask(offers, state, pace_);
    if (decision.kind == Decision::Kind::wait) return {};
    if (decision.kind == Decision::Kind::end) return end_of_time(source);
    const Offer& offer = offers[decision.offer];
    const std::int64_t id = next_id();
    TRY(source.ask(*engine_, offer.ticket, id));
    reading_.asked(id, now_s(), offer.cost.prompt_tokens);
  }
  return {};
}

bool EngineTurn::has_accused() {
  return std::ranges::any_of(sources(), [](const Source* source) { return source->has_accused(); });
}

// A request that was answered before or, where none was, a short one of our own.
Status EngineTurn::ask_canary() {
  std::optional<Canary> canary;
  for (const Source* source : sources()) {
    if (!canary) canary = source->canary();
  }
  if (!canary) {
    Request request;
    request.messages.push_back({"user", "Say yes."});
    request.plain = "Say yes.";
    canary.emplace();
    canary->prompt = TRY(engine_->render({request})).front();
    canary->sampling.max_tokens = 1;
  }
  const std::int64_t id = next_id();
  TRY(engine_->submit(id, canary->kind, canary->prompt, canary->sampling));
  canary_id_ = id;
  return {};
}

Status EngineTurn::on_canary() {
  canary_id_ = 0;
  for (Source* source : sources()) TRY(source->convict(load_id()));
  return {};
}

// After a crash the requests that were in flight are asked one by one: if the engine dies again,
// the one in flight is accused. An engine on an ill machine dies of any request, so another one is
// asked next: only if that is answered is the accused one set aside.
Result<bool> EngineTurn::admit_suspects() {
  if (suspects_ == Suspects::none) return false;
  if (suspects_ == Suspects::together) return admit_suspects_together();
  if (in_flight() > 0 || canary_id_ != 0) return true;
  if (has_accused()) {
    TRY(ask_canary());
    return true;
  }
  for (Source* source : sources()) {
    const auto suspect = source->suspect();
    if (!suspect) continue;
    TRY(source->ask(*engine_, *suspect, next_id()));
    return true;
  }
  suspects_ = Suspects::none;
  return false;
}

Result<bool> EngineTurn::admit_suspects_together() {
  for (Source* source : sources()) {
    while (room() > 0) {
      const auto suspect = source->suspect();
      if (!suspect) break;
      TRY(source->ask(*engine_, *suspect, next_id()));
    }
  }
  if (in_flight() > 0) return true;
  suspects_ = Suspects::none;
  return false;
}

// An engine that dies between two events first shows as a call that fails.
Status EngineTurn::after_failed_call(const Error& error) {
  while (auto event = engine_->wait(milliseconds(0))) {
    const bool died = std::holds_alternative<Died>(*event);
    TRY(handle(*event));
    if (died) return {};
  }
  return std::unexpected(error);
}

Status EngineTurn::on_answer(Answered answered) {
  if (answered.id == canary_id_ && canary_id_ != 0) return on_canary();
  before_answer(answered.response);
  const int running = in_flight();
  const int beside = reading_.read_beside(answered.id, now_s(), answered.response);
  for (Source* source : sources()) {
    if (!TRY(source->on_answer(*engine_, answered, load_id()))) continue;
    switch (source->tells()) {
      case Source::Tells::reading:
        learn_from_read_back(answered.response, running, source->reading_cost());
        return {};
      case Source::Tells::token_time:
        pace_.learn_token_time(answered.response, running);
        break;
      case Source::Tells::pace:
        pace_.learn(answered.response, running, beside);
        break;
    }
    after_answer(answered.response);
    return {};
  }
  return {};  // of a request that was dropped because time was over
}

// Reading back tells how fast prompts are read. It counts only where no task told that: in a run
// that has nothing left but outputs to read back.
void EngineTurn::learn_from_read_back(Response response, int in_flight, double reading_cost) {
  if (pace_.measured(/*max_tokens=*/0)) return;
  response.first_token_s /= reading_cost;
  pace_.learn(response, in_flight);
}

Status EngineTurn::end_for_good(const Error& error, const std::string& why) {
  TRY(services_.store.add_event(services_.clock.wall().count(), "engine lost",
                                {{"variant", setup_.name}, {"why", why}}));
  TRY(services_.store.flush());
  return std::unexpected(error);
}

namespace {

// `gone`: what an engine needs and is no longer there. It was for all variants.
Error lost_with(const Error& gone, const std::string& name, const Error& death) {
  return {ErrorKind::environment,
          fmt::format("the engine of {} died, and no other can be started: {}", name, gone.what),
          gone.why.empty() ? death.why : death.why + "; " + gone.why,
          gone.fix + "; what was answered is kept: run the same command then"};
}

// Lowered once already, and many requests at a time were too much again: asked one by one, they
// would take for ever, and none of them is to blame.
Error lacks_memory_again(const std::string& name, const Error& death) {
  return {ErrorKind::environment,
          fmt::format("the engine of {} lacks memory, with less, too", name), death.why,
          "end what else holds the GPU's memory (`nvidia-smi` names it), or ask for less: "
          "engine.gpu_memory_utilization, max_num_seqs, max_num_batched_tokens; what was answered "
          "is kept, and the same command goes on"};
}

}  // namespace

Status EngineTurn::on_death(const Died& died) {
  const std::string& why = died.error.why;
  if (died.final) return end_for_good(died.error, why);
  services_.progress.say(
      bilingual("{}: the engine died ({})", "{}：引擎崩溃（{}）", setup_.name, why));
  if (services_.gpus_are_there) {
    const Status there = services_.gpus_are_there();
    if (!there) {
      return end_for_good(lost_with(there.error(), setup_.name, died.error),
                          fmt::format("{}; it died of: {}", there.error().what, why));
    }
  }
  const int in_flight_then = in_flight();
  const bool alone = in_flight_then == 1;
  const bool lacked_memory = !engine_->less_memory().empty();
  if (std::exchange(canary_id_, 0) != 0) {
    services_.progress.say(
        bilingual("{}: it died of a request that was answered before, too: no request is to blame",
                  "{}：遇到先前已答过的请求也崩溃：问题不在任何一个请求", setup_.name));
    for (Source* source : sources()) source->acquit();
  }
  for (Source* source : sources()) TRY(source->on_death(why, alone, load_id()));
  TRY(services_.store.add_event(services_.clock.wall().count(), "engine died",
                                {{"variant", setup_.name}, {"why", why}}));
  const bool lowered = TRY(lower_memory(why));
  TRY(services_.store.flush());
  engine_.reset();
  if (!TRY(go_on_after_death())) return {};
  if (lacked_memory && !lowered && in_flight_then > 1) {
    return own_fault(lacks_memory_again(setup_.name, died.error));
  }
  return start_again(died.error, in_flight_then);
}

Status EngineTurn::start_again(const Error& death, int in_flight_then) {
  if (++restarts_ > options_.max_engine_restarts) {
    return own_fault(
        make_error(ErrorKind::environment,
                   fmt::format("the engine of {} died {} times", setup_.name, restarts_), death.why,
                   "read logs/ of the run; run the same command again to go on from here"));
  }
  const bool again = suspects_ != Suspects::none;
  suspects_ = in_flight_then > kFewSuspects && !again ? Suspects::together : Suspects::one_by_one;
  Status loaded = load_engine();
  if (!loaded && loaded.error().kind == ErrorKind::environment && !cut_short_) {
    loaded.error().why += fmt::format("{}it was started again because it had died: {}",
                                      loaded.error().why.empty() ? "" : "; ", death.why);
  }
  return loaded;
}

Status EngineTurn::handle(const EngineEvent& event) {
  if (const auto* answered = std::get_if<Answered>(&event)) {
    TRY(on_answer(*answered));
    in_flight_changed();
    return {};
  }
  if (const auto* died = std::get_if<Died>(&event)) return on_death(*died);
  return on_other(event);
}

Status EngineTurn::handle_waiting_events() {
  auto event = engine_ ? engine_->wait(milliseconds(50)) : std::nullopt;
  // Handles all events that have come already before anybody looks at the clock again.
  for (; event; event = engine_ ? engine_->wait(milliseconds(0)) : std::nullopt) {
    TRY(handle(*event));
  }
  return {};
}

Status EngineTurn::loop() {
  while (!stopped() && engine_) {
    if (const Status asked = admit(); !asked) {
      if (cut_short_) return deadline_passed();
      TRY(after_failed_call(asked.error()));
    }
    in_flight_changed();
    const Next next = TRY(after_asking());
    if (next == Next::end) break;
    if (next == Next::ask_again) continue;
    // Admission keeps this rare: what is still in flight is recorded as not run, never as wrong.
    if (now_s() >= deadline_s_) return deadline_passed();
    if (const Status handled = handle_waiting_events(); !handled) {
      // An engine that was started again when the deadline came.
      return cut_short_ ? deadline_passed() : handled;
    }
    TRY(housekeeping());
  }
  return {};
}

}  // namespace assay
