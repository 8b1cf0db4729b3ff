#include "report/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>

#include "base/json.h"
#include "base/text.h"
#include "report/sections.h"
#include "values/math_reference.h"

namespace assay {
namespace {

constexpr std::size_t kShownDigits = 12;  // digits

std::string short_hash(const std::string& hash) {
  return hash.substr(0, kShownDigits);
}

std::string sampling_text(const nlohmann::json& sampling) {
  std::string text;
  for (const auto& [name, value] : sampling.items()) {
    text += (text.empty() ? "" : ", ") + name + " " + dump_json(value);
  }
  return text.empty() ? "greedy" : text;
}

std::string chat_text(const ChatSpec& chat) {
  if (!chat.apply_template) return "no template";
  std::string text = "template";
  if (chat.enable_thinking) text += *chat.enable_thinking ? ", thinking on" : ", thinking off";
  if (!chat.system.empty()) text += ", with a system message";
  return text;
}

TaskFacts task_facts(const FrozenTask& task, const Plan& plan) {
  TaskFacts facts{task.title, task.hub_id, task.revision, task.fingerprint};
  facts.harness = task.harness == Harness::lm_eval ? "lm_eval" : "native";
  facts.max_gen_toks = task.max_gen_toks;
  facts.items = static_cast<std::int64_t>(task.items.size());
  facts.repeats = task.repeats;
  const auto spec = std::ranges::find(plan.tasks, task.name, &TaskSpec::name);
  facts.sampling = spec == plan.tasks.end() ? "greedy" : sampling_text(spec->sampling);
  return facts;
}

// One value where all variants have the same, else each with its variant's name.
template <typename Value>
std::string of_all(const RunReport& report, const Value& value) {
  std::vector<std::string> values;
  std::vector<std::string> named;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    std::string text = value(v);
    if (text.empty()) continue;
    named.push_back(report.variants[v].name + " " + text);
    values.push_back(std::move(text));
  }
  const bool alike =
      std::ranges::adjacent_find(values, std::ranges::not_equal_to()) == values.end();
  if (values.empty()) return "";
  return alike && values.size() == report.variants.size() ? values.front() : join(named, "; ");
}

std::string version_of(const VariantValues& v, const char* package) {
  const auto found = v.facts.versions.find(package);
  return found == v.facts.versions.end() ? "" : found->second;
}

std::string driver_of(const VariantValues& v) {
  const auto found = v.facts.engine.find("driver");
  return found == v.facts.engine.end() ? "" : found->second;
}

std::string engine_text(const VariantValues& v) {
  const std::string vllm = version_of(v, "vllm");
  if (!vllm.empty()) return "vLLM " + vllm;
  return v.facts.worker.empty() || v.facts.worker == "vllm" ? "" : v.facts.worker;
}

// As chat_text() says it.
std::string chat_in_chinese(std::string chat) {
  for (const auto& [en, zh] : {std::pair{"no template", "不用模板"},
                               {"template", "用模板"},
                               {", thinking on", "，打开思考"},
                               {", thinking off", "，关闭思考"},
                               {", with a system message", "，带系统消息"}}) {
    chat = replace_all(std::move(chat), en, zh);
  }
  return chat;
}

Text languages(const char* en, const char* zh) {
  return {en, zh};
}

class FactRows {
 public:
  explicit FactRows(Table& table) : table_(table) {}
  void add(Text name, Text value) {
    if (!value.empty()) table_.rows.push_back({std::move(name), std::move(value)});
  }

 private:
  Table& table_;
};

Text data_text(const TaskFacts& task) {
  const std::string where = task.source.empty() ? "" : task.source;
  Text text = where.empty() ? Text("rows of a folder", "文件夹中的数据") : Text(where);
  std::string rest;
  if (!task.revision.empty()) rest += "@" + short_hash(task.revision);
  if (!task.fingerprint.empty()) rest += ", sha256 " + short_hash(task.fingerprint);
  rest += fmt::format(", {}, {}", task.harness, task.sampling);
  if (task.max_gen_toks > 0) rest += fmt::format(", max_gen_toks {}", task.max_gen_toks);
  if (task.repeats > 1) rest += fmt::format(", repeats {}", task.repeats);
  text.en += rest;
  text.zh += replace_all(replace_all(rest, ", ", "，"), "greedy", "贪心解码");
  return text;
}

void add_engine(const RunReport& report, FactRows& rows) {
  const auto of = [&report](auto value) {
    return of_all(report, [&](std::size_t v) { return value(report.variants[v]); });
  };
  rows.add("GPU", of([](const VariantValues& v) { return counted(v.facts.devices); }));
  rows.add(languages("engine", "引擎"), of(engine_text));
  rows.add("torch", of([](const VariantValues& v) { return version_of(v, "torch"); }));
  rows.add(languages("driver", "驱动"), of(driver_of));
  rows.add(languages("kernels", "内核"),
           of([](const VariantValues& v) { return kernels_with_bits(v.facts); }));
}

void add_models(const RunReport& report, FactRows& rows) {
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    const VariantValues& variant = report.variants[v];
    std::string text = variant.model;
    if (!variant.revision.empty()) text += "@" + variant.revision;
    if (v < report.facts.variants.size() && !report.facts.variants[v].fingerprint.empty()) {
      text += ", sha256 " + short_hash(report.facts.variants[v].fingerprint);
    }
    const Text name = name_of(variant);
    rows.add({"weights of " + name.en, name.zh + (variant.baseline ? "的权重" : " 的权重")}, text);
  }
}

std::string kernels_in_a_line(const RunReport& report) {
  std::string text = of_all(report, [&report](std::size_t v) {
    return join(report.variants[v].facts.kernel_names(), ", ");
  });
  constexpr std::size_t kMost = 90;
  return text.size() > kMost ? "" : text;
}

// The budget is each job's, so that several may take more in all.
Text time_spent(const RunReport& report) {
  const std::string spent = human_duration(report.spent_s);
  const std::string allowed = human_duration(report.budget_s);
  if (report.budget_s <= 0) return {spent, "用时 " + spent};
  if (report.jobs == 1) return bilingual("{} of {}", "用时 {}，预算 {}", spent, allowed);
  return bilingual("{0} in {1} jobs of at most {2} each", "{1} 个作业共用时 {0}，每个预算 {2}",
                   spent, report.jobs, allowed);
}

}  // namespace

RunFacts facts_of(const FrozenPlan& frozen, const std::string& frozen_hash,
                  const nlohmann::json& opened) {
  RunFacts facts{frozen_hash, chat_text(frozen.plan.chat)};
  for (const FrozenVariant& v : frozen.variants) {
    VariantFacts& of = facts.variants.emplace_back();
    of.fingerprint = v.fingerprint;
    const auto told = opened.find(v.name);
    if (told == opened.end() || !told->is_object()) continue;
    of.tokenizer_hash = told->value("tokenizer_hash", "");
  }
  for (const FrozenTask& task : frozen.tasks) {
    if (task.available) facts.tasks.push_back(task_facts(task, frozen.plan));
  }
  if (frozen.looks) facts.expected_discordance = frozen.plan.decide.discordance();
  return facts;
}

Text run_line(const RunReport& report) {
  const auto of = [&report](auto value) {
    return of_all(report, [&](std::size_t v) { return value(report.variants[v]); });
  };
  const std::string gpus = of([](const VariantValues& v) { return counted(v.facts.devices); });
  const std::string engine = of(engine_text);
  const std::string kernels = kernels_in_a_line(report);
  const std::string day = time_text(report.started_at_s).substr(0, 16);
  Text line = {day + (report.started_at_s > 0 ? " UTC" : ""),
               day + (report.started_at_s > 0 ? " UTC" : "")};
  const auto add = [&line](const Text& part) {
    if (part.empty()) return;
    line.en += " · " + part.en;
    line.zh += " · " + part.zh;
  };
  add(gpus.empty() ? Text("machine not told", "未提供机器信息") : Text(gpus));
  add(Text(engine));
  if (!kernels.empty()) add({"kernels " + kernels, "内核 " + kernels});
  add(time_spent(report));
  return line;
}

Table facts_section(const RunReport& report) {
  Table table{"facts", {"Facts of the run", "运行信息"}};
  const RunFacts& facts = report.facts;
  table.lead = {fmt::format("To cite: assay {}, run {}, {}, frozen plan {}.", report.assay_version,
                            report.name, time_text(report.started_at_s).substr(0, 10),
                            facts.frozen_hash.empty() ? "?" : short_hash(facts.frozen_hash)),
                fmt::format("引用：assay {}，运行 {}，{}，冻结计划 {}。", report.assay_version,
                            report.name, time_text(report.started_at_s).substr(0, 10),
                            facts.frozen_hash.empty() ? "?" : short_hash(facts.frozen_hash))};
  table.head = {{"fact", "项目"}, {"value", "内容"}};
  FactRows rows(table);
  rows.add("assay", report.assay_version);
  rows.add(languages("frozen plan, sha256", "冻结计划 sha256"), facts.frozen_hash);
  rows.add(languages("begun", "开始"), time_text(report.started_at_s));
  rows.add(languages("ended", "结束"), time_text(report.ended_at_s));
  add_engine(report, rows);
  add_models(report, rows);
  rows.add(languages("seed", "随机种子"), std::to_string(report.prompts.seed));
  rows.add(languages("chat", "对话模板"), {facts.chat, chat_in_chinese(facts.chat)});
  rows.add(languages("chat template, sha256", "模板 sha256"), of_all(report, [&](std::size_t v) {
             return short_hash(report.variants[v].template_hash);
           }));
  rows.add(languages("tokenizer, sha256", "分词器 sha256"), of_all(report, [&](std::size_t v) {
             return v < facts.variants.size() ? short_hash(facts.variants[v].tokenizer_hash) : "";
           }));
  for (const TaskFacts& task : facts.tasks) {
    rows.add({"data of " + task.title, task.title + " 的数据"}, data_text(task));
  }
  if (!report.graders.empty()) {
    rows.add(languages("mathematics decided by", "数学答案由此判定"),
             reference_text(report.graders));
  }
  rows.add(languages("margin, points", "非劣效界值，百分点"), fmt::format("{}", report.margin_pp));
  rows.add(languages("alpha, one-sided", "单侧 alpha"), fmt::format("{}", report.alpha));
  rows.add(languages("tasks weighted", "任务加权"), weights_text(report));
  return table;
}

}  // namespace assay
