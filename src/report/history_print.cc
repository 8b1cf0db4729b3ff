// The history as tables: for the page, for a terminal, for programs.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/json.h"
#include "report/comparison_json.h"
#include "report/heads.h"
#include "report/history.h"
#include "report/printers.h"
#include "report/sections.h"

namespace assay {
namespace {

std::string minute_text(double seconds_since_1970) {
  if (seconds_since_1970 <= 0) return "?";
  return fmt::format("{:%Y-%m-%d %H:%M}",
                     fmt::gmtime(static_cast<std::time_t>(seconds_since_1970)));
}

// "vllm 0.26.0": what computes; other packages stand in `changed` where they changed.
std::string engine_of_point(const HistoryPoint& point) {
  const auto vllm = point.versions.find("vllm");
  if (vllm != point.versions.end()) return "vllm " + vllm->second;
  if (point.versions.empty()) return "?";
  return point.versions.begin()->first + " " + point.versions.begin()->second;
}

std::string point_difference(const PairedComparison& pooled) {
  if (pooled.n == 0) return "";
  return fmt::format("{:+.1f} [{:+.1f}, {:+.1f}]", pooled.diff_pp, pooled.interval_low_pp,
                     pooled.interval_high_pp);
}

Piece verdict_piece(const HistoryPoint& point) {
  return badge(point.pooled.verdict, std::string(verdict_label(point.pooled.verdict)));
}

Text intervals_note(const History& history) {
  double confidence = 0;
  for (const HistoryVariant& variant : history.variants) {
    for (const HistoryPoint& point : variant.points) {
      if (point.pooled.n > 0) confidence = point.pooled.interval_confidence;
    }
  }
  return {heads::level_text(confidence)};
}

Text end_of_run_note(const HistoryRun& run) {
  if (run.end == "complete") return {};
  if (run.end.empty()) return {"not ended", "未结束"};
  return {"ended by the budget", "预算用尽"};
}

}  // namespace

Table history_table(const History& history) {
  Table table{"history", {"Run by run", "逐次运行"}};
  table.note = {
      "Each row compares the variant with the baseline of its own run. `moved` is said where the "
      "verdict is another than in the row above, or a fidelity interval lies apart from that "
      "row's; "
      "a verdict that is another does not show that the variant changed: near the margin chance "
      "alone moves it.",
      "每一行都是该变体与同一次运行的基线相比。结论与上一行不同，或保真度区间与上一行不重叠时，"
      "“变化”一列会写明；结论不同并不说明变体变了：在界值附近，偶然就足以改变结论。"};
  table.head = {heads::variant(),
                {"run", "运行"},
                {"engine", "引擎"},
                heads::verdict(),
                heads::difference(intervals_note(history)),
                heads::pairs(),
                heads::top1_agreement(),
                heads::mean_kl(),
                {"tokens/s", "输出 token/秒"},
                {"load, s", "加载，秒"},
                {"moved", "变化"},
                {"changed in the engine", "引擎的改动"},
                {"folder", "文件夹"}};
  for (const HistoryVariant& variant : history.variants) {
    for (const HistoryPoint& point : variant.points) {
      const HistoryRun& run = history.runs[point.run];
      std::vector<Piece> when = {{minute_text(run.started_at_s)}};
      if (const Text note = end_of_run_note(run); !note.empty()) when.push_back(sub(note));
      table.rows.push_back({variant.name, when, engine_of_point(point), verdict_piece(point),
                            point_difference(point.pooled), number(std::to_string(point.pooled.n)),
                            point.fidelity ? top1_text(*point.fidelity) : "",
                            point.fidelity ? kl_text(*point.fidelity) : "",
                            number(point.tokens_per_s > 0 ? rate_text(point.tokens_per_s) : ""),
                            number(point.load_s > 0 ? fmt::format("{:.0f}", point.load_s) : ""),
                            TableCell(listed(point.moved)), TableCell(listed(point.changed)),
                            run.folder});
    }
  }
  return without_empty_columns(std::move(table));
}

// --- the terminal

namespace {

constexpr std::size_t kBarCells = 33;

// The range that all intervals, the margin and 0 lie in, in points.
struct BarScale {
  double low = 0;
  double high = 0;

  [[nodiscard]] std::size_t cell(double value) const {
    const double share = (std::clamp(value, low, high) - low) / (high - low);
    return static_cast<std::size_t>(std::lround(share * (kBarCells - 1)));
  }
};

// Wide intervals of few items would squeeze all others: what lies beyond three margins is cut off.
BarScale bar_scale_of(const History& history) {
  const double most = 3 * history.margin_pp;
  BarScale scale{-1.5 * history.margin_pp, 0.5 * history.margin_pp};
  for (const HistoryVariant& variant : history.variants) {
    for (const HistoryPoint& point : variant.points) {
      if (point.pooled.n == 0) continue;
      scale.low = std::min(scale.low, std::max(-most, point.pooled.interval_low_pp));
      scale.high = std::max(scale.high, std::min(most, point.pooled.interval_high_pp));
    }
  }
  return scale;
}

// "-----[--o--]": letters that any terminal has.
std::string interval_bar(const PairedComparison& pooled, const BarScale& scale, double margin_pp) {
  std::string out(kBarCells, ' ');
  if (pooled.n > 0) {
    const std::size_t from = scale.cell(pooled.interval_low_pp);
    const std::size_t to = scale.cell(pooled.interval_high_pp);
    for (std::size_t i = from; i <= to; ++i) out[i] = '-';
    out[from] = pooled.interval_low_pp < scale.low ? '<' : '[';
    out[to] = pooled.interval_high_pp > scale.high ? '>' : ']';
  }
  for (const double mark : {-margin_pp, 0.0}) {
    char& cell = out[scale.cell(mark)];
    if (cell == ' ' || cell == '-') cell = mark == 0 ? '0' : '|';
  }
  if (pooled.n > 0) out[scale.cell(pooled.diff_pp)] = 'o';
  return out;
}

// Without the blanks that stand at the ends of lines.
std::string without_blank_ends(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out.resize(out.find_last_not_of(' ') + 1);
    out += c;
  }
  return out;
}

}  // namespace

std::string history_text(const History& history, Language language, bool colour) {
  const BarScale scale = bar_scale_of(history);
  Table table{"history", {"Run by run", "逐次运行"}};
  table.head = {heads::variant(),
                {"run", "运行"},
                {"engine", "引擎"},
                heads::verdict(),
                {fmt::format("{:+.1f} to {:+.1f} points", scale.low, scale.high),
                 fmt::format("{:+.1f} 至 {:+.1f} 个百分点", scale.low, scale.high)},
                {"difference", "差值"},
                {"top-1 %", "首选一致 %"},
                {"moved", "变化"}};
  for (const HistoryVariant& variant : history.variants) {
    for (const HistoryPoint& point : variant.points) {
      table.rows.push_back(
          {variant.name, minute_text(history.runs[point.run].started_at_s), engine_of_point(point),
           verdict_piece(point), interval_bar(point.pooled, scale, history.margin_pp),
           point_difference(point.pooled),
           number(point.fidelity ? fmt::format("{:.1f}", point.fidelity->top1_agreement.value * 100)
                                 : ""),
           TableCell(listed(point.moved))});
    }
  }
  const Text head = {fmt::format("{}: {} runs against {}, margin {:g} points\n", history.name,
                                 history.runs.size(), history.baseline, history.margin_pp),
                     fmt::format("{}：{} 次运行，基线 {}，非劣效界值 {:g} 个百分点\n", history.name,
                                 history.runs.size(), history.baseline, history.margin_pp)};
  const Text foot = {
      "o the difference, [ ] its interval, | the margin, 0 no difference; each row is compared "
      "with the baseline of its own run\n",
      "o 差值，[ ] 区间，| 非劣效界值，0 无差别；每一行与同一次运行的基线相比\n"};
  std::string out =
      head.in(language) +
      without_blank_ends(aligned(without_empty_columns(std::move(table)), language, colour)) +
      foot.in(language);
  for (const HistoryVariant& variant : history.variants) {
    for (const HistoryPoint& point : variant.points) {
      if (point.changed.empty()) continue;
      out += fmt::format("{} {}: {}\n", variant.name,
                         minute_text(history.runs[point.run].started_at_s),
                         listed(point.changed).in(language));
    }
  }
  return out;
}

// --- JSON

namespace {

Json moves_json(const std::vector<Text>& texts) {
  Json out = Json::array();
  for (const Text& text : texts) out.push_back(text.en);
  return out;
}

Json history_estimate(const Estimate& estimate) {
  return {{"value", estimate.value}, {"low", estimate.low}, {"high", estimate.high}};
}

Json history_point(const HistoryPoint& point) {
  Json fidelity = nullptr;
  if (point.fidelity) {
    fidelity = {{"items", point.fidelity->items},
                {"tokens", point.fidelity->tokens},
                {"kl", history_estimate(point.fidelity->kl)},
                {"top1_agreement", history_estimate(point.fidelity->top1_agreement)}};
  }
  return {{"run", point.run},
          {"model", point.model},
          {"pooled", comparison_json(point.pooled)},
          {"fidelity", std::move(fidelity)},
          {"versions", point.versions},
          {"kernels", point.kernels},
          {"tokens_per_s", point.tokens_per_s},
          {"load_s", point.load_s},
          {"moved", moves_json(point.moved)},
          {"changed", moves_json(point.changed)}};
}

}  // namespace

nlohmann::json history_json(const History& history) {
  Json runs = Json::array();
  for (const HistoryRun& run : history.runs) {
    runs.push_back({{"folder", run.folder}, {"started_at", run.started_at_s}, {"end", run.end}});
  }
  Json variants = Json::array();
  for (const HistoryVariant& variant : history.variants) {
    Json points = Json::array();
    for (const HistoryPoint& point : variant.points) points.push_back(history_point(point));
    variants.push_back({{"name", variant.name}, {"points", std::move(points)}});
  }
  return {{"schema_version", 1},
          {"name", history.name},
          {"baseline", history.baseline},
          {"margin_pp", history.margin_pp},
          {"alpha", history.alpha},
          {"runs", std::move(runs)},
          {"variants", std::move(variants)}};
}

}  // namespace assay
