#include "run/lm_eval_source.h"

#include <fmt/format.h>

#include <set>

#include "base/files.h"
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

}  // namespace

LmEvalSource::LmEvalSource(const ResolvedRun& run, const ResolvedVariant& variant,
                           EngineIdentity identity, Store& store,
                           std::filesystem::path results_folder)
    : run_(run),
      variant_(variant),
      identity_(std::move(identity)),
      store_(store),
      results_folder_(std::move(results_folder)) {}

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
  nlohmann::json args = {{"tasks", {name}},
                         {"model_name", variant_.spec.model},
                         {"apply_chat_template", run_.plan.chat.apply_template},
                         {"seed", run_.plan.seed},
                         {"max_length", max_model_len},
                         {"output", std::filesystem::absolute(output_folder(task)).string()}};
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
  } else if (task.spec.limit) {
    args["limit"] = *task.spec.limit;
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
  return {};
}

std::string LmEvalSource::key_of(const Needed& needed) const {
  return response_key(variant_, identity_, needed.kind, needed.rendered, needed.sampling,
                      needed.repeat);
}

Status LmEvalSource::on_need(Engine& engine, const Needed& needed) {
  if (const auto stored = TRY(store_.response(key_of(needed)))) {
    return engine.answer_need(needed.need, &*stored);
  }
  if (stopped_) return engine.answer_need(needed.need, nullptr);
  waiting_.push_back(needed);
  return {};
}

bool LmEvalSource::submit_while(Engine& engine, std::int64_t& next_id, int room,
                                const std::function<bool(const Needed&)>& fits) {
  std::size_t sent = 0;
  bool more = true;
  while (more && sent < waiting_.size() && room > 0) {
    const Needed& needed = waiting_[sent];
    const std::int64_t id = next_id;
    more = fits(needed) && engine.submit(id, needed.kind, needed.rendered, needed.sampling);
    if (!more) break;
    ++next_id;
    --room;
    ++sent;
    asked_[id] = {needed.need, key_of(needed), tokens_to_read(needed.rendered)};
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(sent));
  return more;
}

int LmEvalSource::prompt_tokens_in_flight() const {
  int tokens = 0;
  for (const auto& [id, asked] : asked_) tokens += asked.prompt_tokens;
  return tokens;
}

Result<bool> LmEvalSource::on_answer(Engine& engine, const Answered& answered,
                                     std::int64_t load_id) {
  const auto it = asked_.find(answered.id);
  if (it == asked_.end()) return false;
  const Asked asked = it->second;
  asked_.erase(it);
  if (answered.response.finish_reason != FinishReason::error) {
    TRY(store_.put_response(asked.key, answered.response, load_id));
  }
  TRY(engine.answer_need(asked.need, &answered.response));
  return true;
}

Status LmEvalSource::stop_asking(Engine& engine) {
  stopped_ = true;
  for (const Needed& needed : std::exchange(waiting_, {})) {
    TRY(engine.answer_need(needed.need, nullptr));
  }
  return {};
}

void LmEvalSource::forget_engine() {
  running_.reset();
  waiting_.clear();
  asked_.clear();
}

Status LmEvalSource::on_done(const LmEvalDone& done) {
  const ResolvedTask& task = *tasks_[next_task_];
  running_.reset();
  ++next_task_;
  if (done.error) return std::unexpected(*done.error);
  for (const Json& file : done.frame.value("files", Json::array())) {
    const std::filesystem::path path = file.get<std::string>();
    if (path.filename().string().starts_with("samples_")) TRY(store_samples(task, path));
  }
  // A task cut short by the budget is asked again next time.
  if (stopped_) return {};
  return store_.set_meta(done_name(variant_.spec.name, task.spec.name), "done");
}

Status LmEvalSource::store_samples(const ResolvedTask& task, const std::filesystem::path& file) {
  std::set<std::string> seen;  // one line a filter: the first is the task's own
  int line_number = 0;
  for (const std::string& line : split(TRY(read_file(file)), '\n')) {
    ++line_number;
    if (trim(line).empty()) continue;
    const std::string where = fmt::format("{}:{}", file.string(), line_number);
    const Json sample = TRY(parse_json(line, where));
    const std::int64_t number = TRY(int_field(sample, "doc_id", where));
    std::string id = fmt::format("{}:{}", file.stem().string(), number);
    const Json doc = sample.value("doc", Json::object());
    if (doc.is_object() && doc.contains("assay_id")) id = doc["assay_id"].get<std::string>();
    if (!seen.insert(id).second) continue;
    Score score;
    const auto value = sample_metric(sample);
    if (value) {
      score.outcome = Outcome::scored;
      score.metrics = {{"robust", *value}, {"lm_eval", *value}};
    } else {
      score.reason = "lm-eval gave no number";
    }
    score.target = shown(sample.value("target", Json("")));
    score.extracted = shown(sample.value("filtered_resps", Json("")));
    score.extraction = "lm-eval";
    TRY(store_.put_score({variant_.spec.name, task.spec.name, id, 0, score}));
  }
  return {};
}

}  // namespace assay
