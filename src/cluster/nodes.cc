#include "cluster/nodes.h"

#include <charconv>
#include <map>
#include <optional>

#include "base/text.h"

namespace assay {
namespace {

constexpr std::string_view kNode = "assay-node ";
constexpr std::string_view kExit = "assay-exit ";

std::optional<int> number(std::string_view text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// " 3: text", padded to the width of the last task's number.
struct Labelled {
  int task = 0;
  std::string_view text;
};

std::optional<Labelled> labelled(std::string_view line) {
  const std::size_t digits = line.find_first_not_of(' ');
  const std::size_t colon = line.find(':');
  if (digits == std::string_view::npos || colon == std::string_view::npos || colon < digits) {
    return std::nullopt;
  }
  const auto task = number(line.substr(digits, colon - digits));
  if (!task) return std::nullopt;
  line.remove_prefix(colon + 1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return Labelled{*task, line};
}

void add_line(std::string_view line, NodeOutput& out) {
  if (out.node.empty() && line.starts_with(kNode)) {
    out.node = line.substr(kNode.size());
  } else if (line.starts_with(kExit)) {
    out.exit_code = number(line.substr(kExit.size())).value_or(1);
  } else {
    out.text += std::string(line) + "\n";
  }
}

}  // namespace

std::vector<std::string> told_by_node(const std::vector<std::string>& command) {
  std::vector<std::string> out = {
      "sh", "-c",
      "echo \"" + std::string(kNode) +
          "$SLURMD_NODENAME\"; code=0; \"$@\" 2>&1 || code=$?; echo \"" + std::string(kExit) +
          "$code\"",
      "sh"};
  out.insert(out.end(), command.begin(), command.end());
  return out;
}

std::vector<NodeOutput> outputs_from_srun(std::string_view labelled_text) {
  std::map<int, NodeOutput> by_task;
  for (const std::string& line : split(std::string(labelled_text), '\n')) {
    const auto found = labelled(line);
    if (!found) continue;
    add_line(found->text, by_task.try_emplace(found->task, NodeOutput{"", "", 1}).first->second);
  }
  std::vector<NodeOutput> out;
  out.reserve(by_task.size());
  for (auto& [task, node] : by_task) out.push_back(std::move(node));
  return out;
}

}  // namespace assay
