// The browser of items. What it shows lies in the page as JSON: an index of all items, and chunks
// of questions, prompts and outputs that the page's script parses when one of their items is
// opened.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/json.h"
#include "base/json_text.h"
#include "base/text.h"
#include "report/html.h"
#include "report/item_scores.h"
#include "report/printers.h"
#include "report/words.h"

namespace assay {
namespace {

constexpr std::size_t kChunk = 200;              // items
constexpr std::size_t kMostText = 96UL << 20UL;  // bytes of texts in one page

// What an output may show, in the order of the bits that the index keeps of it.
struct Sign {
  const char* flag;  // its name
  bool OutputValues::* shows;
};
constexpr std::array kSigns{Sign{"truncated", &OutputValues::truncated},
                            Sign{"empty", &OutputValues::empty},
                            Sign{"looping", &OutputValues::looping},
                            Sign{"not extractable", &OutputValues::not_extractable},
                            Sign{"thinking not closed", &OutputValues::thinking_not_closed},
                            Sign{"prompt cut by the server", &OutputValues::prompt_cut},
                            Sign{"odd log-likelihoods", &OutputValues::odd_likelihoods}};
// Beside those: robust and lm_eval differ.
constexpr const char* kMetricsPart = "metrics part";

unsigned signs_of(const OutputValues& output) {
  unsigned bits = 0;
  for (std::size_t i = 0; i < kSigns.size(); ++i) bits |= output.*kSigns[i].shows ? 1U << i : 0U;
  const bool part = output.outcome == "scored" && output.lm_eval && *output.lm_eval != output.score;
  return bits | (part ? 1U << kSigns.size() : 0U);
}

// A letter a variant: right, wrong, unscored, not run.
std::string states_of(const ItemValues& item) {
  std::string states;
  for (const auto& output : item.outputs) {
    states += !output ? '-' : output->outcome != "scored" ? 'u' : output->score > 0.5 ? 'r' : 'w';
  }
  return states;
}

// [task, id, group, target, states], and the signs where there are any.
void append_index_entry(std::string& out, const ItemValues& item, std::size_t task) {
  out += fmt::format("[{}", task);
  for (const std::string* text : {&item.id, &item.group, &item.target}) {
    out += ',';
    append_json_string(out, *text);
  }
  out += ',';
  append_json_string(out, states_of(item));
  unsigned signs = 0;
  for (const auto& output : item.outputs) signs |= output ? signs_of(*output) : 0U;
  if (signs != 0) out += fmt::format(",{}", signs);
  out += ']';
}

// Whether variants differ on it; the texts of such items are kept first.
bool differs(const ItemValues& item, std::size_t base) {
  const std::string states = states_of(item);
  return std::ranges::any_of(states, [&](char state) {
    return (state == 'r' && states[base] == 'w') || (state == 'w' && states[base] == 'r');
  });
}

// Fields by name, as everywhere; those that say nothing are left out.
Status append_output(std::string& out, const RunReport& report, const ItemValues& item,
                     const OutputValues& output, bool with_text) {
  const auto add = [&out](std::string_view begin, std::string_view text) {
    out += begin;
    append_json_string(out, text);
  };
  add("{\"f\":", output.finish_reason ? to_string(*output.finish_reason) : "");
  if (const unsigned signs = signs_of(output); signs != 0) out += fmt::format(",\"g\":{}", signs);
  const ScoreWords& words = output.said();
  if (!words.how.empty()) add(",\"h\":", words.how);
  add(",\"o\":", output.outcome);
  out += ",\"s\":";
  append_json_number(out, output.score);
  if (with_text) add(",\"t\":", TRY(report.texts->get(output.text)));
  if (!words.why.empty() && report.shows(item.task)) add(",\"w\":", words.why);
  add(",\"x\":", words.extracted);
  out += '}';
  return {};
}

Status append_outputs(std::string& out, const RunReport& report, const ItemValues& item,
                      bool with_text) {
  out += '[';
  for (const auto& output : item.outputs) {
    if (&output != item.outputs.data()) out += ',';
    if (output) {
      TRY(append_output(out, report, item, *output, with_text));
    } else {
      out += "null";
    }
  }
  out += ']';
  return {};
}

// What items of a chunk and a task have in common at the beginning of their prompts (instructions
// and examples), so that it stands in the page once.
std::string shared_beginning(const std::vector<std::string>& texts) {
  if (texts.size() < 2) return "";
  std::string shared = texts.front();
  for (const std::string& text : texts) {
    const auto [end, unused] = std::ranges::mismatch(shared, text);
    shared.resize(static_cast<std::size_t>(end - shared.begin()));
  }
  while (!shared.empty() && (static_cast<unsigned char>(shared.back()) & 0xc0U) == 0x80U) {
    shared.pop_back();  // no character is cut
  }
  if (!shared.empty() && (static_cast<unsigned char>(shared.back()) & 0x80U) != 0) {
    shared.pop_back();
  }
  return shared;
}

struct Kept {
  std::vector<bool> outputs;
  std::vector<bool> asked;  // question and prompt
};

// Items whose texts the page carries: all, or when they are too many those that differ first, and
// outputs before prompts.
Kept kept_texts(const RunReport& report, std::size_t base) {
  Kept keep{std::vector<bool>(report.items.size(), false),
            std::vector<bool>(report.items.size(), false)};
  std::size_t bytes = 0;
  const auto take = [&](std::vector<bool>& kept, const auto& size_of) {
    for (const bool differing : {true, false}) {
      for (std::size_t i = 0; i < report.items.size(); ++i) {
        if (differs(report.items[i], base) != differing) continue;
        const std::size_t size = size_of(report.items[i]);
        if (bytes + size > kMostText) continue;
        bytes += size;
        kept[i] = true;
      }
    }
  };
  take(keep.outputs, [](const ItemValues& item) {
    std::size_t size = 0;
    for (const auto& output : item.outputs) size += output ? output->text.size : 0;
    return size;
  });
  take(keep.asked, [](const ItemValues& item) { return item.question.size + item.prompt.size; });
  return keep;
}

std::string option(const std::string& value, const Text& text) {
  return fmt::format("<option value=\"{}\" data-words=\"{}|{}\">{}</option>", value,
                     markup_escaped(text.en), markup_escaped(text.zh), markup_escaped(text.en));
}

std::string chooser(const char* id, const Text& name, const std::string& options) {
  return fmt::format("<label>{} <select id=\"{}\">{}</select></label> ", both(name), id, options);
}

std::string controls(const RunReport& report) {
  std::string tasks = option("", {"all", "全部"});
  for (std::size_t t = 0; t < report.tasks.size(); ++t) {
    tasks +=
        fmt::format("<option value=\"{}\">{}</option>", t, markup_escaped(report.tasks[t].title));
  }
  std::string variants = option("", {"any", "不限"});
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    variants +=
        fmt::format("<option value=\"{}\">{}</option>", v, markup_escaped(report.variants[v].name));
  }
  const std::string kinds =
      option("all", {"all items", "所有题"}) + option("flips", {"flips", "翻转的题"}) +
      option("wrong", {"flips to wrong", "由对变错"}) +
      option("right", {"flips to right", "由错变对"}) + option("unscored", {"unscored", "未评分"}) +
      option("missing", {"not run by all", "未全部运行"});
  std::string flags = option("", {"any", "不限"});
  for (std::size_t i = 0; i <= kSigns.size(); ++i) {
    flags +=
        option(std::to_string(i), flag_words(i < kSigns.size() ? kSigns[i].flag : kMetricsPart));
  }
  return "<form id=\"filter\" role=\"search\" aria-label=\"items\" data-label=\"items|题目\">" +
         chooser("f-task", {"task", "任务"}, tasks) + chooser("f-kind", {"show", "显示"}, kinds) +
         chooser("f-right", {"right in", "答对的变体"}, variants) +
         chooser("f-wrong", {"wrong in", "答错的变体"}, variants) +
         chooser("f-flag", {"flag", "标记"}, flags) + "<label>" + both({"find", "查找"}) +
         " <input type=\"search\" id=\"f-text\"></label> <output id=\"f-count\" "
         "for=\"f-task f-kind f-right f-wrong f-flag f-text\"></output></form>";
}

Status append_index(const RunReport& report, std::size_t base, const Append& append) {
  std::map<std::string, std::size_t> task_index;
  Json tasks = Json::array();
  for (const TaskValues& task : report.tasks) {
    task_index[task.name] = tasks.size();
    tasks.push_back(Json::array({task.name, task.title}));
  }
  Json names = Json::array();
  for (const VariantValues& v : report.variants) names.push_back(v.name);
  Json flags = Json::array();
  for (std::size_t i = 0; i <= kSigns.size(); ++i) {
    const Text words = flag_words(i < kSigns.size() ? kSigns[i].flag : kMetricsPart);
    flags.push_back(Json::array({words.en, words.zh}));
  }
  // Item by item: a page of 100,000 must not need them all at once.
  TRY(append("<script type=\"application/json\" id=\"index\">" +
             fmt::format("{{\"baseline\":{},\"chunk\":{},\"items\":[", base, kChunk)));
  std::string entry;
  for (const ItemValues& item : report.items) {
    entry = &item != report.items.data() ? "," : "";
    append_index_entry(entry, item, task_index[item.task]);
    TRY(append(for_script(entry)));
  }
  return append(fmt::format("],\"tasks\":{},\"variants\":{},\"flags\":{}}}</script>\n",
                            script_json(tasks), script_json(names), script_json(flags)));
}

// One chunk: its items, and the shared beginnings of their prompts.
Result<std::string> chunk_json(const RunReport& report, std::size_t begin, std::size_t end,
                               const Kept& keep) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> prompts;
  std::vector<std::string> own(end - begin);
  for (std::size_t i = begin; i < end; ++i) {
    const ItemValues& item = report.items[i];
    if (!keep.asked[i] || item.prompt.size == 0) continue;
    own[i - begin] = TRY(report.asked->get(item.prompt));
    prompts[{item.task, item.group}].push_back(own[i - begin]);
  }
  std::map<std::pair<std::string, std::string>, std::pair<std::size_t, std::size_t>> shared;
  Json beginnings = Json::array();
  for (const auto& [of, texts] : prompts) {
    std::string beginning = shared_beginning(texts);
    shared[of] = {beginnings.size(), beginning.size()};
    beginnings.push_back(std::move(beginning));
  }
  std::string out = "{\"items\":[";
  for (std::size_t i = begin; i < end; ++i) {
    const ItemValues& item = report.items[i];
    out += i == begin ? "{\"o\":" : ",{\"o\":";
    TRY(append_outputs(out, report, item, keep.outputs[i]));
    if (!own[i - begin].empty()) {
      const auto [place, length] = shared.at({item.task, item.group});
      out += fmt::format(",\"p\":[{},", place);
      append_json_string(out, std::string_view(own[i - begin]).substr(length));
      out += ']';
    }
    if (keep.asked[i] && item.question.size > 0) {
      out += ",\"q\":";
      append_json_string(out, TRY(report.asked->get(item.question)));
    }
    out += '}';
  }
  return out + "],\"shared\":" + dump_json(beginnings) + "}";
}

}  // namespace

Status append_items_section(const RunReport& report, const Append& append) {
  const std::size_t base = baseline_index(report.variants);
  TRY(append("<section id=\"items\"><h2>" + both({"Items", "逐题查看"}) + "</h2>" +
             controls(report) +
             "<div class=\"browser\"><ul id=\"list\" role=\"listbox\" tabindex=\"0\" "
             "aria-label=\"items\" data-label=\"items|题目\"></ul>"
             "<div id=\"detail\" role=\"region\" aria-live=\"polite\" aria-label=\"item\" "
             "data-label=\"item|题目内容\"></div></div></section>\n"));
  TRY(append_index(report, base, append));
  const Kept keep = kept_texts(report, base);
  for (std::size_t begin = 0; begin < report.items.size(); begin += kChunk) {
    const std::size_t end = std::min(begin + kChunk, report.items.size());
    const std::string chunk = TRY(chunk_json(report, begin, end, keep));
    TRY(append(fmt::format("<script type=\"application/json\" id=\"chunk{}\">{}</script>\n",
                           begin / kChunk, for_script(chunk))));
  }
  return {};
}

}  // namespace assay
