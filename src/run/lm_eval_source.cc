#include "run/lm_eval_source.h"

#include <fmt/format.h>

#include <iterator>
#include <set>
#include <string_view>

#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace assay {
namespace {

// Documents as JSON Lines for lm-eval's own reader.
Status write_rows(const std::filesystem::path& file, const std::vector<nlohmann::json>& rows) {
  std::string text;
  for (const nlohmann::json& row : rows) text += dump_json(row) + "\n";
  return write_file_atomic(file, text);
}

// The first number among an lm-eval sample's metrics: its own list comes first.
std::optional<double> sample_metric(const Json& sample) {
  std::vector<std::string> names;
  if (sample.contains("metrics") && sample["metrics"].is_array()) {
    for (const Json& name : sample["metrics"]) {
      if (name.is_string()) names.push_back(name.get<std::string>());
    }
  }
  for (const char* name : {"exact_match", "acc", "pass@1"}) names.emplace_back(name);
  for (const std::string& name : names) {
    const auto it = sample.find(name);
    if (it != sample.end() && it->is_number()) return it->get<double>();
    if (it != sample.end() && it->is_boolean()) return it->get<bool>() ? 1.0 : 0.0;
  }
  return std::nullopt;
}

std::string shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : dump_json(value);
}

// "samples_<leaf>_<time>.jsonl", where the time holds no underscore.
std::string leaf_of(const std::filesystem::path& file) {
  const std::string name = file.stem().string().substr(std::string_view("samples_").size());
  return name.substr(0, name.rfind('_'));
}

}  // namespace

LmEvalSource::LmEvalSource(const ResolvedRun& run, const ResolvedVariant& variant,
                           EngineIdentity identity, Store& store,
                           std::filesystem::path results_folder, LmEvalSeen seen)
    : run_(run),
      variant_(variant),
      identity_(std::move(identity)),
      store_(store),
      results_folder_(std::move(results_folder)),
      seen_(std::move(seen)) {}

std::string LmEvalSource::done_name(const std::string& variant, const std::string& task) {
  return "lm_eval:" + variant + ":" + task;
}

Status LmEvalSource::prepare() {
  for (const ResolvedTask& task : run_.tasks) {
    if (task.spec.harness != Harness::lm_eval || !task.available) continue;
    const auto done = TRY(store_.meta(done_name(variant_.spec.name, task.spec.name)));
    if (!done) tasks_.push_back(&task);
  }
  return {};
}

std::filesystem::path LmEvalSource::output_folder(const ResolvedTask& task) const {
  return results_folder_ / "lm_eval" / variant_.spec.name / task.spec.name;
}

nlohmann::json LmEvalSource::arguments(const ResolvedTask& task, int max_model_len) const {
  const std::string& name = task.spec.benchmark;
  const ChatSpec& chat = run_.plan.chat;
  nlohmann::json args = {{"tasks", {name}},
                         {"model_name", variant_.spec.model},
                         {"apply_chat_template", chat.apply_template},
                         {"seed", run_.plan.seed},
                         {"max_length", max_model_len},
                         {"output", std::filesystem::absolute(output_folder(task)).string()}};
  if (!chat.system.empty()) args["system_instruction"] = chat.system;
  // As the native tasks do when thinking is on: no stop string may cut the thoughts.
  if (chat.enable_thinking.value_or(false)) args["think_end_token"] = "</think>";
  if (task.spec.max_gen_toks) args["max_gen_toks"] = *task.spec.max_gen_toks;
  if (task.spec.num_fewshot) args["num_fewshot"] = *task.spec.num_fewshot;
  if (!task.lm_eval_rows.empty()) {
    const std::filesystem::path folder = std::filesystem::absolute(output_folder(task));
    args["data"] = {{name, (folder / "rows.jsonl").string()}};
    if (!task.exemplars.empty()) {
      args["data"] = {{name,
                       {{"test", (folder / "rows.jsonl").string()},
                        {"validation", (folder / "exemplars.jsonl").string()}}}};
    }
    if (!task.lm_eval_samples.empty()) {
      args["samples"] = {{name, task.lm_eval_samples}};
      args["seed"] = 0;  // lm-eval's default: it orders the options, as `order_seed` does ours
    }
  } else if (task.spec.limit) {
    args["limit"] = *task.spec.limit;
  }
  if (!task.spec.sampling.empty()) {
    args["sampling"] = task.spec.sampling;
    args["sampling"]["do_sample"] = task.spec.sampling.value("temperature", 0.0) > 0;
  }
  args.update(task.spec.lm_eval);
  return args;
}

Status LmEvalSource::start_next(Engine& engine, std::int64_t id, int max_model_len) {
  const ResolvedTask& task = *tasks_[next_task_];
  TRY(make_dirs(output_folder(task)));
  TRY(write_rows(output_folder(task) / "rows.jsonl", task.lm_eval_rows));
  TRY(write_rows(output_folder(task) / "exemplars.jsonl", task.exemplars));
  TRY(engine.start_lm_eval(id, arguments(task, max_model_len)));
  running_ = id;
  begun_ = answered_ = false;
  return {};
}

std::string LmEvalSource::key_of(const Needed& needed) const {
  if (needed.kind == RequestKind::loglikelihood && needed.rendered.scored.size() == 1) {
    return response_key(variant_, identity_, needed.kind, part_of(needed.rendered, 0), Sampling{},
                        needed.repeat);
  }
  return response_key(variant_, identity_, needed.kind, needed.rendered, needed.sampling,
                      needed.repeat);
}

Status LmEvalSource::on_need(Engine& engine, const Needed& needed) {
  std::string key = key_of(needed);
  std::string rendered_key = sha256_hex(dump_json(to_json(needed.rendered)));
  TRY(store_.put_rendered(rendered_key, needed.rendered));
  requests_[{needed.task, needed.doc}].push_back(
      {needed.task, needed.doc, needed.kind, needed.sampling, key, std::move(rendered_key)});
  if (const auto stored = TRY(store_.response(key))) {
    return engine.answer_need(needed.need, &*stored);
  }
  if (stopped_) return engine.answer_need(needed.need, nullptr);
  waiting_.push_back({needed, std::move(key)});
  return {};
}

Status LmEvalSource::refresh(Engine& engine) {
  std::vector<Waiting> free;
  for (Waiting& one : std::exchange(held_, {})) {
    if (is_asked(one.key)) {
      held_.push_back(std::move(one));
    } else if (const auto stored = TRY(store_.response(one.key))) {
      TRY(engine.answer_need(one.needed.need, &*stored));
    } else {
      free.push_back(std::move(one));
    }
  }
  waiting_.insert(waiting_.begin(), std::make_move_iterator(free.begin()),
                  std::make_move_iterator(free.end()));
  return {};
}

std::vector<Offer> LmEvalSource::offers() {
  while (!waiting_.empty() && is_asked(waiting_.front().key)) {
    held_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  if (waiting_.empty()) return {};
  const Needed& next = waiting_.front().needed;
  Offer offer;
  offer.cost.prompt_tokens = tokens_to_read(next.rendered);
  offer.cost.max_tokens = next.sampling.max_tokens;
  if (!begun_) offer.standing = Offer::Standing::first_of_task;
  return {offer};
}

Status LmEvalSource::ask(Engine& engine, std::size_t /*ticket*/, std::int64_t id) {
  const Waiting& next = waiting_.front();
  TRY(engine.submit(id, next.needed.kind, next.needed.rendered, next.needed.sampling));
  begun_ = true;
  keys_asked_.insert(next.key);
  asked_[id] = {next.needed.need,
                {next.needed.task, next.needed.doc},
                next.key,
                tokens_to_read(next.needed.rendered)};
  waiting_.pop_front();
  return {};
}

int LmEvalSource::prompt_tokens_in_flight() const {
  int tokens = 0;
  for (const auto& [id, asked] : asked_) tokens += asked.prompt_tokens;
  return tokens;
}

int LmEvalSource::documents() const {
  return documents_scored_ + static_cast<int>(requests_.size());
}

int LmEvalSource::documents_open() const {
  std::set<std::pair<std::string, int>> open;
  for (const Waiting& one : waiting_) open.emplace(one.needed.task, one.needed.doc);
  for (const Waiting& one : held_) open.emplace(one.needed.task, one.needed.doc);
  for (const auto& [id, asked] : asked_) open.insert(asked.document);
  return static_cast<int>(open.size());
}

Result<bool> LmEvalSource::on_answer(Engine& engine, const Answered& answered,
                                     std::int64_t load_id) {
  const auto it = asked_.find(answered.id);
  if (it == asked_.end()) return false;
  const Asked asked = it->second;
  asked_.erase(it);
  keys_asked_.erase(keys_asked_.find(asked.key));
  answered_ = true;
  if (answered.response.finish_reason != FinishReason::error) {
    TRY(store_.put_response(asked.key, answered.response, load_id));
  }
  TRY(engine.answer_need(asked.need, &answered.response));
  return true;
}

Status LmEvalSource::drop_waiting(Engine* engine) {
  stopped_ = true;
  const auto waiting = std::exchange(waiting_, {});
  const auto held = std::exchange(held_, {});
  if (engine == nullptr) return {};
  for (const Waiting& one : waiting) TRY(engine->answer_need(one.needed.need, nullptr));
  for (const Waiting& one : held) TRY(engine->answer_need(one.needed.need, nullptr));
  return {};
}

Status LmEvalSource::on_death(const std::string& /*why*/, bool /*alone*/,
                              std::int64_t /*load_id*/) {
  running_.reset();
  waiting_.clear();
  held_.clear();
  asked_.clear();
  keys_asked_.clear();
  requests_.clear();
  return {};
}

Status LmEvalSource::on_done(const LmEvalDone& done) {
  const ResolvedTask& task = *tasks_[next_task_];
  running_.reset();
  ++next_task_;
  if (done.error) return std::unexpected(*done.error);
  for (const Json& file : done.frame.value("files", Json::array())) {
    const std::filesystem::path path = file.get<std::string>();
    if (!path.filename().string().starts_with("samples_")) continue;
    TRY(store_samples(task, path));
    if (task.spec.lm_eval.value("log_samples", true) == false) std::filesystem::remove(path);
  }
  requests_.clear();
  // A task cut short by the budget is asked again next time.
  if (stopped_) return {};
  return store_.set_meta(done_name(variant_.spec.name, task.spec.name), "done");
}

Status LmEvalSource::store_samples(const ResolvedTask& task, const std::filesystem::path& file) {
  std::set<std::int64_t> seen;  // one line a filter: the first is the task's own
  const std::string leaf = leaf_of(file);
  int line_number = 0;
  for (const std::string& line : split(TRY(read_file(file)), '\n')) {
    ++line_number;
    if (trim(line).empty()) continue;
    const std::string where = fmt::format("{}:{}", file.string(), line_number);
    LmEvalItem item{variant_.spec.name, task.spec.name, {}, {}, TRY(parse_json(line, where)), {}};
    const std::int64_t number = TRY(int_field(item.sample, "doc_id", where));
    if (!seen.insert(number).second) continue;
    const auto doc = item.sample.find("doc");
    item.item = fmt::format("{}:{}", leaf, number);
    if (doc != item.sample.end() && doc->is_object() && doc->contains("assay_id")) {
      item.item = shown(doc->at("assay_id"));
    }
    TRY(store_item(std::move(item), leaf, static_cast<int>(number)));
  }
  return {};
}

Status LmEvalSource::store_item(LmEvalItem item, const std::string& leaf, int doc) {
  item.requests = requests_[{leaf, doc}];
  int step = 0;
  for (const LmEvalRequest& request : item.requests) {
    TRY(store_.put_step({{item.variant, item.task, item.item},
                         step++,
                         request.response_key,
                         request.rendered_key}));
  }
  if (const auto value = sample_metric(item.sample)) {
    item.score.outcome = Outcome::scored;
    item.score.metrics = {{"robust", *value}, {"lm_eval", *value}};
  } else {
    item.score.reason = "lm-eval gave no number";
  }
  item.score.target = shown(item.sample.value("target", Json("")));
  item.score.extracted = shown(item.sample.value("filtered_resps", Json("")));
  item.score.extraction = "lm-eval";
  TRY(store_.put_score({{item.variant, item.task, item.item}, item.score}));
  ++documents_scored_;
  if (seen_) seen_(item);
  return {};
}

}  // namespace assay
