// What engines did: loads, speed, memory, kernels, and how fast they answered under which traffic.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/heads.h"
#include "report/sections.h"
#include "values/event_kinds.h"

namespace assay {
namespace {

// What the star means that marks an emulated variant's speed.
Text star_note(const RunReport& report) {
  const bool any = std::any_of(report.variants.begin(), report.variants.end(),
                               [](const VariantValues& v) { return v.emulated; });
  if (!any) return {};
  return {"* emulated: its format is computed in software here, so its speed means nothing.",
          "* 软件模拟：这种数值格式在此处由软件计算，速度没有意义。"};
}

Text band_text(const TrafficRow& row) {
  if (row.from == 0) return {"all", "全部"};
  if (row.to == row.from) return std::to_string(row.from);
  if (row.to == 0) {
    return {fmt::format("{} or more", row.from), fmt::format("{} 及以上", row.from)};
  }
  return fmt::format("{}–{}", row.from, row.to);
}

// As the store names it; in Chinese, what is known by these names.
Text kind_text(const std::string& kind) {
  constexpr std::pair<std::string_view, const char*> kKinds[] = {
      {"engine died", "引擎崩溃"},
      {"engine lost", "引擎失联"},
      {kVariantFailed, "变体失败，其他变体继续"},
      {kJudgeLoaded, "裁判模型已加载"},
      {"judge died", "裁判模型的引擎崩溃"},
      {"no judge", "没有裁判模型"},
      {"canary failed", "预检未通过"},
      {"loaded with less memory", "显存不足，以更小的配置重新加载"},
      {kAnswersForgotten, "丢弃了已评分的回答"},
      {"shard missing", "缺少分片"},
      {"shard not ended", "分片未完成"},
  };
  for (const auto& [name, zh] : kKinds) {
    if (name == kind) return {kind, zh};
  }
  return kind;
}

std::string milliseconds(double seconds) {
  return fmt::format("{:.{}f}", seconds * 1000, seconds < 0.1 ? 1 : 0);
}

std::string spread_text(const Spread& spread) {
  if (spread.n == 0) return "";
  return milliseconds(spread.median) + " / " + milliseconds(spread.p95);
}

Text not_told() {
  return {"not told", "未提供"};
}

std::string named(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

std::string bits_text(const std::optional<int>& bits) {
  return bits ? std::to_string(*bits) : "?";
}

std::string part_text(const LoadFacts& facts, std::string_view name) {
  const auto found = std::ranges::find(facts.parts, name, &LoadPart::name);
  return found == facts.parts.end() ? "" : fmt::format("{:.1f}", found->seconds);
}

std::string lowered_text(const LoadFacts& facts) {
  std::vector<std::string> out;
  out.reserve(facts.lowered.size());
  for (const LoweredArgument& lowered : facts.lowered) {
    out.push_back(fmt::format("{} {} (plan: {})", lowered.name, lowered.taken, lowered.planned));
  }
  return join(out, ", ");
}

std::vector<TableCell> traffic_row(const VariantValues& v, const TrafficRow& row) {
  return {v.name + (v.emulated ? " *" : ""),
          band_text(row),
          number(std::to_string(row.answers)),
          spread_text(row.first_token_s),
          spread_text(row.inter_token_s),
          number(row.seconds > 0 ? rate_text(row.tokens_per_s()) : "")};
}

}  // namespace

std::string counted(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, int>> counts;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(counts, name, &std::pair<std::string, int>::first);
    if (found == counts.end()) {
      counts.emplace_back(name, 1);
    } else {
      ++found->second;
    }
  }
  std::vector<std::string> out;
  out.reserve(counts.size());
  for (const auto& [name, count] : counts) {
    out.push_back(count > 1 ? fmt::format("{} × {}", count, name) : name);
  }
  return join(out, ", ");
}

std::string kernels_with_bits(const LoadFacts& facts) {
  std::vector<std::string> out;
  out.reserve(facts.kernels.size());
  for (const KernelFact& kernel : facts.kernels) {
    std::string text = fmt::format("{} W{}A{}", kernel.name, bits_text(kernel.weight_bits),
                                   bits_text(kernel.activation_bits));
    if (kernel.layers > 0) text += fmt::format(" ({})", kernel.layers);
    out.push_back(std::move(text));
  }
  return join(out, ", ");
}

Table engine_section(const RunReport& report) {
  Table table{"engine", {"Engine", "引擎"}};
  table.note = star_note(report);
  table.head = {heads::variant(),
                {"model", "模型"},
                {"accuracy, %", "准确率 %"},
                {"loads", "加载次数"},
                heads::load(),
                heads::tokens_per_s(),
                {"GPU memory", "显存"},
                {"energy, kJ", "能耗 kJ"},
                {"output tokens", "输出 token"},
                {"prompt tokens", "提示 token"},
                {"dtype", "数据类型"},
                {"kernels", "内核"}};
  for (std::size_t i = 0; i < report.variants.size(); ++i) {
    const VariantValues& v = report.variants[i];
    const auto memory_bytes = static_cast<double>(v.facts.gpu_memory_bytes);
    const auto mean = shared_mean(report, i);
    table.rows.push_back(
        {name_of(v), v.model + (v.revision.empty() ? "" : "@" + v.revision),
         number(mean ? fmt::format("{:.1f}", *mean * 100) : "N/A"), number(std::to_string(v.loads)),
         human_duration(v.load_s), number(rate_text(v.tokens_per_s) + (v.emulated ? " *" : "")),
         memory_bytes > 0 ? human_bytes(memory_bytes) : "",
         number(v.energy_j ? fmt::format("{:.1f}", *v.energy_j / 1000) : ""),
         number(std::to_string(v.generated_tokens)), number(std::to_string(v.prompt_tokens)),
         v.facts.dtype, join(v.facts.kernel_names(), ", ")});
  }
  return table;
}

Table machine_section(const RunReport& report) {
  Table table{"machine", {"What ran", "运行环境"}};
  table.head = {heads::variant(),
                {"GPUs", "GPU"},
                {"driver", "驱动"},
                {"vLLM"},
                {"torch"},
                {"attention", "注意力后端"},
                {"kernels and their bits", "内核及位宽"}};
  for (const VariantValues& v : report.variants) {
    if (v.facts.devices.empty()) continue;
    table.rows.push_back({v.name, counted(v.facts.devices), named(v.facts.engine, "driver"),
                          named(v.facts.versions, "vllm"), named(v.facts.versions, "torch"),
                          v.facts.attention_backend, kernels_with_bits(v.facts)});
  }
  return table;
}

Table load_section(const RunReport& report) {
  Table table{"loads", {"Loads", "加载"}};
  table.head = {heads::variant(),
                {"ready after, s", "就绪耗时，秒"},
                {"process", "进程"},
                {"imports", "导入"},
                {"weights", "权重"},
                {"compile", "编译"},
                {"graphs", "CUDA graphs"},
                {"idle before, s", "此前空闲，秒"},
                {"GPUs busy, %", "GPU 忙碌 %"},
                {"pauses, s", "停顿，秒"},
                {"energy, kJ", "能耗 kJ"},
                {"loaded with less", "降低的参数"}};
  for (const LoadValues& load : report.loads) {
    const LoadFacts& facts = load.facts;
    const bool tells = !facts.parts.empty() || facts.gpu_use || !facts.lowered.empty();
    if (!tells) continue;
    std::vector<TableCell> row = {load.variant, number(fmt::format("{:.1f}", facts.load_s))};
    for (const char* part : {"process", "imports", "weights", "compile", "graphs"}) {
      row.push_back(number(part_text(facts, part)));
    }
    row.push_back(number(load.idle_before_s ? fmt::format("{:.1f}", *load.idle_before_s) : ""));
    row.push_back(facts.gpu_use
                      ? TableCell(number(fmt::format("{:.0f}", facts.gpu_use->busy_share * 100)))
                      : TableCell(not_told()));
    row.push_back(facts.gpu_use ? number(fmt::format("{} / {:.1f}", facts.gpu_use->gaps,
                                                     facts.gpu_use->gaps_s))
                                : TableCell());
    row.push_back(facts.energy_j ? number(fmt::format("{:.1f}", *facts.energy_j / 1000))
                                 : TableCell(not_told()));
    row.push_back(lowered_text(facts));
    table.rows.push_back(std::move(row));
  }
  if (!table.empty()) {
    table.note = {
        "Seconds of each load as far as the engine tells them apart; process and imports may have "
        "been over before it began. Pauses: of a second or more in which no GPU computed, their "
        "number and seconds.",
        "各次加载的耗时，以引擎给出的为限；进程启动与导入可能在加载开始之前已完成。停顿：所有 GPU "
        "空闲一秒及以上的次数与总秒数。"};
  }
  return table;
}

Table canary_section(const RunReport& report) {
  Table table{"canary", {"Canary", "预检"}};
  table.head = {heads::variant(),
                {"answers", "回答数"},
                {"empty", "空白"},
                {"looping", "循环"},
                {"the baseline's tokens, %", "与基线相同的 token，%"},
                {"positions", "位置数"}};
  for (const VariantValues& v : report.variants) {
    if (!v.canary) continue;
    const CanaryFigures& c = *v.canary;
    table.rows.push_back(
        {v.name, number(std::to_string(c.answers)), number(std::to_string(c.empty)),
         number(std::to_string(c.looping)),
         number(c.positions > 0 ? fmt::format("{:.1f}", 100.0 * c.agreed / c.positions) : ""),
         number(c.positions > 0 ? std::to_string(c.positions) : "")});
  }
  return table;
}

Table traffic_section(const RunReport& report) {
  Table table{"traffic", {"Traffic", "请求流量"}};
  table.note = {
      "Over answers of one token or more; the first token's time includes the wait for the engine.",
      "只计至少输出一个 token 的回答；首 token 延迟包括在引擎中排队的时间。"};
  table.head = {heads::variant(),
                {"in flight", "并发请求"},
                {"answers", "回答数"},
                {"first token, ms: median / p95", "首 token 延迟，毫秒：中位数 / p95"},
                {"between tokens, ms: median / p95", "token 间延迟，毫秒：中位数 / p95"},
                heads::tokens_per_s()};
  for (const VariantValues& v : report.variants) {
    if (v.traffic.all.answers == 0) continue;
    table.rows.push_back(traffic_row(v, v.traffic.all));
    for (const TrafficRow& row : v.traffic.by_in_flight) {
      table.rows.push_back(traffic_row(v, row));
    }
  }
  return table;
}

Table event_section(const RunReport& report) {
  Table table{"events", {"What happened", "发生的事"}};
  table.head = {{"time", "时间"}, {"what", "事件"}, heads::variant(), {"why", "原因"}};
  for (const EventValues& event : report.events) {
    table.rows.push_back({time_text(event.at_s), kind_text(event.kind), event.variant, event.why});
  }
  return table;
}

}  // namespace assay
