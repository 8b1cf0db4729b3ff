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

constexpr const char* kNoFilter = "none";

std::optional<double> number_at(const Json& sample, const std::string& name) {
  const auto it = sample.find(name);
  if (it != sample.end() && it->is_number()) return it->get<double>();
  if (it != sample.end() && it->is_boolean()) return it->get<bool>() ? 1.0 : 0.0;
  return std::nullopt;
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
    if (const auto value = number_at(sample, name)) return value;
  }
  return std::nullopt;
}

std::string shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : dump_json(value);
}

// A document's metrics under lm-eval's own names of them, "exact_match,strict-match", and what each
// filter took from the output.
struct NamedMetrics {
  std::map<std::string, double> values;
  std::map<std::string, std::string> filtered;
};

// Of one line. Before lm-eval 0.4.7 no filter was named.
void add_named(const Json& sample, NamedMetrics& into) {
  const std::string filter = sample.value("filter", std::string(kNoFilter));
  for (const Json& name : sample.value("metrics", Json::array())) {
    const auto value = name.is_string() ? number_at(sample, name) : std::nullopt;
    if (value) into.values.emplace(name.get<std::string>() + "," + filter, *value);
  }
  const Json taken = sample.value("filtered_resps", Json::array());
  if (filter != kNoFilter && taken.is_array() && taken.size() == 1) {
    into.filtered.emplace(filter, shown(taken.front()));
  }
}

// A metric that stands alone is `lm_eval` and needs no second name.
void note_named(const NamedMetrics& named, Score& score) {
  if (named.values.size() < 2) return;
  score.metrics.insert(named.values.begin(), named.values.end());
  if (!named.filtered.empty()) score.remarks[kFilteredRemark] = named.filtered;
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

// Where lm-eval reads the task's splits. Its task files name the exemplars' split even where none
// is shown; then any rows will do.
nlohmann::json LmEvalSource::local_splits(const ResolvedTask& task) const {
  const std::filesystem::path folder = std::filesystem::absolute(output_folder(task));
  const std::string rows = (folder / "rows.jsonl").string();
  const std::string& shots = task.task == nullptr ? "" : task.task->lm_eval.exemplar_split;
  if (shots.empty()) return rows;
  return {{task.task->source.hub_split, rows},
          {shots, task.exemplars.empty() ? rows : (folder / "exemplars.jsonl").string()}};
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
    args["data"] = {{name, local_splits(task)}};
    if (!task.lm_eval_samples.empty()) {
      // lm-eval's own seeds, as our task's: both then draw the same for each row.
      args["samples"] = {{name, task.lm_eval_samples}};
      args["draw_all"] = true;
      args.erase("seed");
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
  // A task that time left without one whole answer gives lm-eval nothing to score: it is not run.
  if (done.error && stopped_) {
    requests_.clear();
    return {};
  }
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

// lm-eval writes a line for each document and filter, one filter after the other. The first line of
// a document is the task's own; of the others only the metrics are taken.
Status LmEvalSource::store_samples(const ResolvedTask& task, const std::filesystem::path& file) {
  const std::string leaf = leaf_of(file);
  const std::vector<std::string> lines = split(TRY(read_file(file)), '\n');
  std::map<std::int64_t, NamedMetrics> named;
  std::vector<std::size_t> firsts;
  const auto parsed = [&](std::size_t at) {
    return parse_json(lines[at], fmt::format("{}:{}", file.string(), at + 1));
  };
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (trim(lines[at]).empty()) continue;
    const Json sample = TRY(parsed(at));
    const std::int64_t number =
        TRY(int_field(sample, "doc_id", fmt::format("{}:{}", file.string(), at + 1)));
    const auto [found, fresh] = named.try_emplace(number);
    if (fresh) firsts.push_back(at);
    add_named(sample, found->second);
  }
  for (const std::size_t at : firsts) {
    LmEvalItem item{variant_.spec.name, task.spec.name, {}, {}, TRY(parsed(at)), {}};
    const auto number = item.sample.at("doc_id").get<std::int64_t>();
    const auto doc = item.sample.find("doc");
    item.item = fmt::format("{}:{}", leaf, number);
    if (doc != item.sample.end() && doc->is_object() && doc->contains("assay_id")) {
      item.item = shown(doc->at("assay_id"));
    }
    note_named(named.at(number), item.score);
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
    item.score.metrics["robust"] = *value;
    item.score.metrics["lm_eval"] = *value;
  } else {
    item.score.metrics.clear();
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
