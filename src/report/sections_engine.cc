// What engines did: loads, speed, memory, kernels, and how fast they answered under which traffic.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/heads.h"
#include "report/sections.h"

namespace assay {
namespace {

// What the star means that marks an emulated variant's speed.
Text star_note(const RunReport& report) {
  const bool any = std::any_of(report.variants.begin(), report.variants.end(),
                               [](const VariantValues& v) { return v.emulated; });
  if (!any) return {};
  return {"* emulated: its format is computed in software here, so its speed means nothing.",
          "* 软件模拟:这种数值格式在此处由软件计算,速度没有意义。"};
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
      {"engine died", "引擎崩溃"},        {"engine lost", "引擎失联"},
      {"judge loaded", "裁判模型已加载"}, {"judge died", "裁判模型的引擎崩溃"},
      {"no judge", "没有裁判模型"},
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

std::vector<TableCell> traffic_row(const VariantValues& v, const TrafficRow& row) {
  return {v.name + (v.emulated ? " *" : ""),
          band_text(row),
          number(std::to_string(row.answers)),
          spread_text(row.first_token_s),
          spread_text(row.inter_token_s),
          number(row.seconds > 0 ? rate_text(row.tokens_per_s()) : "")};
}

}  // namespace

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

Table traffic_section(const RunReport& report) {
  Table table{"traffic", {"Traffic", "请求流量"}};
  table.note = {
      "Over answers of one token or more; the first token's time includes the wait for the engine.",
      "只计至少输出一个 token 的回答;首 token 延迟包括在引擎中排队的时间。"};
  table.head = {heads::variant(),
                {"in flight", "并发请求"},
                {"answers", "回答数"},
                {"first token, ms: median / p95", "首 token 延迟,毫秒:中位数 / p95"},
                {"between tokens, ms: median / p95", "token 间延迟,毫秒:中位数 / p95"},
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
