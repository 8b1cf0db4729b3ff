// parse_plan: the top level of a plan file.
#include <fmt/format.h>

#include "base/files.h"
#include "plan/endpoint.h"
#include "plan/plan_keys.h"
#include "plan/sections.h"

namespace assay {
namespace {

Status read_budget(const YamlMap& top, Plan& plan) {
  if (!top.has("budget")) return {};
  std::string text;
  TRY(top.read("budget", text));
  Result<double> budget_s = parse_duration(text);
  if (!budget_s) {
    const Error& e = budget_s.error();
    return top.error("budget", bilingual("budget: {}", "budget：{}", e.what_text()), e.why_text(),
                     e.fix_text());
  }
  plan.budget_s = *budget_s;
  return {};
}

}  // namespace

Result<Plan> parse_plan(std::string_view yaml, const std::filesystem::path& file,
                        const std::vector<KnownBenchmark>& known) {
  try {
    const std::string name = file.string();
    const YAML::Node root = TRY(parse_yaml(yaml, name));
    TRY(refuse_secrets(name, root));  // before any message could repeat one
    const YamlMap top = TRY(YamlMap::open(name, root, "", key_names(PlanMap::top)));
    Plan plan;
    plan.file = file;
    if (!top.has("name")) {
      return top.missing("name", {"reports and folders are named after it", "报告和目录以它命名"},
                         {"add 'name: my_plan'", "加上 'name: my_plan'"});
    }
    TRY(top.read("name", plan.name));
    TRY(check_name(top, "name", plan.name));
    TRY(read_budget(top, plan));
    TRY(read_until(top, plan));
    TRY(read_decide(top, plan.decide));
    TRY(read_output(top, plan));
    TRY(read_env(top, plan));
    TRY(read_engine(top, plan));
    TRY(read_chat(top, plan));
    TRY(top.read("seed", plan.seed));
    TRY(read_data(top, plan.file, plan.data));
    TRY(read_weights(top, plan.compare.weights));
    TRY(read_compare(top, plan));
    TRY(read_fidelity(top, plan));
    TRY(read_sandbox(top, plan));
    TRY(read_canary(top, plan.canary));
    TRY(read_variants(top, plan));
    TRY(read_tasks(top, known, plan));
    TRY(check_decided(top, plan));
    if (plan.engine.kind == kEndpointKind) TRY(check_endpoint(top, plan));
    return plan;
  } catch (const YAML::Exception& e) {
    return error_at(file.string(), e.mark, {"this is not valid YAML", "这不是有效的 YAML"}, e.msg,
                    {"check the file around this place", "检查文件的这一处附近"});
  }
}

Result<Plan> load_plan(const std::filesystem::path& file,
                       const std::vector<KnownBenchmark>& known) {
  const std::string text = TRY(read_file(file));
  return parse_plan(text, file, known);
}

}  // namespace assay
