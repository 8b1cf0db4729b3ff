#include "cli/doctor_on_slurm.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "cli/job_options.h"
#include "cluster/nodes.h"
#include "cluster/slurm.h"
#include "report/printers.h"

namespace assay {
namespace {

// A node's output is no terminal, so the language is said.
Result<std::vector<std::string>> doctor_command(const PlanOptions& plan, bool json,
                                                Language language) {
  const JobCommand job = TRY(job_command(plan));
  std::vector<std::string> out = {job.assay.string(), "doctor", job.plan.string()};
  out.insert(out.end(), job.options.begin(), job.options.end());
  if (!plan.out.empty()) {
    out.insert(out.end(), {"--out", TRY(absolute_path(plan.out)).string()});
  }
  if (json) out.emplace_back("--json");
  if (!json && language == Language::zh) out.insert(out.end(), {"--lang", "zh"});
  return out;
}

std::string as_text(const std::vector<NodeOutput>& nodes) {
  std::vector<std::pair<std::string, std::vector<std::string>>> by_text;
  for (const NodeOutput& node : nodes) {
    auto same = std::ranges::find(by_text, node.text, &decltype(by_text)::value_type::first);
    if (same == by_text.end()) same = by_text.insert(by_text.end(), {node.text, {}});
    same->second.push_back(node.node);
  }
  std::string out;
  for (const auto& [text, names] : by_text) {
    out += fmt::format("{}{}:\n{}", out.empty() ? "" : "\n", join(names, ", "), text);
  }
  return out;
}

// What a doctor prints as JSON, with its node; where it ended in an error, its words.
Json node_json(const NodeOutput& node) {
  Json out = {{"node", node.node}, {"exit_code", node.exit_code}};
  const std::size_t begin = node.text.find('{');
  const auto told = begin == std::string::npos
                        ? std::unexpected(Error{})
                        : parse_json(std::string_view(node.text).substr(begin), node.node);
  if (!told || !told->is_object()) {
    out["error"] = node.text;
    return out;
  }
  for (const char* key : {"ready", "missing", "not_checked", "findings"}) {
    if (told->contains(key)) out[key] = (*told)[key];
  }
  return out;
}

std::string as_json(const std::string& plan, const std::vector<NodeOutput>& nodes, bool ready) {
  Json rows = Json::array();
  for (const NodeOutput& node : nodes) rows.push_back(node_json(node));
  const Json whole = {{"plan", plan}, {"ready", ready}, {"nodes", std::move(rows)}};
  return dump_json(whole, 1) + "\n";
}

}  // namespace

void add_node_options(CLI::App& command, NodeOptions& options) {
  CLI::Option* on = add_job_options(command, options.on, options.limits);
  command
      .add_option("--nodes", options.nodes, "With --on: how many nodes are looked at; default: 1")
      ->check(CLI::PositiveNumber)
      ->needs(on);
}

Result<int> doctor_on_slurm(const PlanOptions& plan_options, const NodeOptions& options, bool json,
                            const Session& session) {
  const Plan plan = TRY(load_with_options(plan_options));  // what is wrong in it is said here
  const auto command = TRY(doctor_command(plan_options, json, session.language));
  const Slurm slurm(Deadline().or_stop(session.listen()));
  TRY(slurm.check(options.limits.partition));
  const auto nodes = TRY(slurm.on_nodes(options.nodes, options.limits, told_by_node(command)));
  const bool ready = std::ranges::all_of(
      nodes, [](const NodeOutput& node) { return node.exit_code == kExitDone; });
  print_out(json ? as_json(plan.name, nodes, ready) : as_text(nodes));
  return ready ? kExitDone : kExitEnvironment;
}

}  // namespace assay
