// The browser of items. What it shows lies in the page as JSON: an index of all items, and chunks
// of outputs that the page's script parses when one of their items is opened.
#include <fmt/format.h>

#include <cstdint>

#include "base/json.h"
#include "base/text.h"
#include "report/html.h"
#include "report/item_scores.h"
#include "report/printers.h"

namespace assay {
namespace {

constexpr std::size_t kChunk = 200;              // items
constexpr std::size_t kMostText = 96UL << 20UL;  // bytes of outputs in one page

enum FlipBits : std::uint8_t { kToWrong = 1, kToRight = 2, kUnscored = 4 };

int flip_bits(const ItemValues& item, std::size_t base) {
  int bits = 0;
  const auto& there = item.outputs[base];
  for (std::size_t v = 0; v < item.outputs.size(); ++v) {
    const auto& here = item.outputs[v];
    if (!here) continue;
    if (here->outcome != "scored") bits |= kUnscored;
    if (v == base || here->outcome != "scored" || !there || there->outcome != "scored") continue;
    if (there->score > 0.5 && here->score <= 0.5) bits |= kToWrong;
    if (there->score <= 0.5 && here->score > 0.5) bits |= kToRight;
  }
  return bits;
}

Result<Json> outputs_json(const RunReport& report, const ItemValues& item, bool with_text) {
  Json out = Json::array();
  for (const auto& output : item.outputs) {
    if (!output) {
      out.push_back(nullptr);
      continue;
    }
    Json one = {{"x", output->extracted},
                {"f", output->finish_reason},
                {"o", output->outcome},
                {"s", output->score}};
    if (with_text) one["t"] = TRY(report.texts->get(output->text));
    out.push_back(std::move(one));
  }
  return out;
}

// Items whose texts the page carries: all, or when they are too many those that flip first.
std::vector<bool> kept_texts(const RunReport& report, std::size_t base) {
  std::vector<bool> keep(report.items.size(), false);
  std::size_t bytes = 0;
  for (const bool flips : {true, false}) {
    for (std::size_t i = 0; i < report.items.size(); ++i) {
      if (((flip_bits(report.items[i], base) & (kToWrong | kToRight)) != 0) != flips) continue;
      std::size_t size = 0;
      for (const auto& output : report.items[i].outputs) size += output ? output->text.size : 0;
      if (bytes + size > kMostText) continue;
      bytes += size;
      keep[i] = true;
    }
  }
  return keep;
}

std::string option(const char* value, const char* en, const char* zh) {
  return fmt::format("<option value=\"{0}\" data-words=\"{1}|{2}\">{1}</option>", value, en, zh);
}

std::string controls(const RunReport& report) {
  std::string tasks = option("", "all tasks", "所有任务");
  for (std::size_t t = 0; t < report.tasks.size(); ++t) {
    tasks +=
        fmt::format("<option value=\"{}\">{}</option>", t, markup_escaped(report.tasks[t].title));
  }
  return "<form id=\"filter\" role=\"search\"><label>" + both({"task", "任务"}) +
         " <select id=\"f-task\">" + tasks + "</select></label> <label>" + both({"show", "显示"}) +
         " <select id=\"f-kind\">" + option("all", "all items", "所有题") +
         option("flips", "flips", "翻转的题") + option("wrong", "flips to wrong", "由对变错") +
         option("right", "flips to right", "由错变对") + option("unscored", "unscored", "未评分") +
         "</select></label> <label>" + both({"find", "查找"}) +
         " <input type=\"search\" id=\"f-text\"></label> <output id=\"f-count\" "
         "for=\"f-task f-kind f-text\"></output></form>";
}

}  // namespace

Status append_items_section(const RunReport& report, const Append& append) {
  const std::size_t base = baseline_index(report.variants);
  std::map<std::string, std::size_t> task_index;
  Json tasks = Json::array();
  for (const TaskValues& task : report.tasks) {
    task_index[task.name] = tasks.size();
    tasks.push_back(task.title);
  }
  Json names = Json::array();
  for (const VariantValues& v : report.variants) names.push_back(v.name);
  std::string out = "<section id=\"items\"><h2>" + both({"Items", "逐题查看"}) + "</h2>" +
                    controls(report) +
                    "<div class=\"browser\"><ul id=\"list\" role=\"listbox\" tabindex=\"0\" "
                    "aria-label=\"items\" data-label=\"items|题目\"></ul>"
                    "<div id=\"detail\" role=\"region\" aria-live=\"polite\" aria-label=\"item\" "
                    "data-label=\"item|题目内容\"></div></div></section>\n";
  // Item by item: a page of 100,000 must not need them all at once.
  TRY(append(out + "<script type=\"application/json\" id=\"index\">" +
             fmt::format("{{\"baseline\":{},\"chunk\":{},\"items\":[", base, kChunk)));
  for (const ItemValues& item : report.items) {
    if (&item != report.items.data()) TRY(append(","));
    TRY(append(script_json(Json::array(
        {task_index[item.task], item.id, item.group, item.target, flip_bits(item, base)}))));
  }
  TRY(append(fmt::format("],\"tasks\":{},\"variants\":{}}}</script>\n", script_json(tasks),
                         script_json(names))));
  const std::vector<bool> keep = kept_texts(report, base);
  for (std::size_t begin = 0; begin < report.items.size(); begin += kChunk) {
    Json chunk = Json::array();
    for (std::size_t i = begin; i < std::min(begin + kChunk, report.items.size()); ++i) {
      chunk.push_back(TRY(outputs_json(report, report.items[i], keep[i])));
    }
    TRY(append(fmt::format("<script type=\"application/json\" id=\"chunk{}\">{}</script>\n",
                           begin / kChunk, script_json(chunk))));
  }
  return {};
}

}  // namespace assay
