// Writes report.html of a made-up run: every text a model or a plan could bring holds an attack.
//   make_page FILE ITEMS [zh]      ITEMS: how many, or "history": the page of assay history
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/files.h"
#include "report/history.h"
#include "report/write.h"
#include "stats/looks.h"

namespace assay {
namespace {

// Markup, attribute, script, URL, JSON, encoding and template tricks; each would set window.hacked.
constexpr std::array kCorpus = {
    "</script><script>window.hacked=1</script>",
    "<script>window.hacked=2</script>",
    "<img src=x onerror=\"window.hacked=3\">",
    "<svg onload=window.hacked=4>",
    "\"><svg/onload=window.hacked=5>",
    "' onmouseover='window.hacked=6' autofocus onfocus='window.hacked=6",
    "<iframe srcdoc=\"<script>parent.hacked=7</script>\"></iframe>",
    "<a href=\"javascript:window.hacked=8\">x</a>",
    "<!--<script>window.hacked=9</script>",
    "]]><script>window.hacked=10</script>",
    "\\u003cscript\\u003ewindow.hacked=11\\u003c/script\\u003e",
    "&lt;script&gt;window.hacked=12&lt;/script&gt;",
    "<style>@import 'http://attack.invalid/x.css';body{display:none}</style>",
    "<link rel=stylesheet href=//attack.invalid/y.css>",
    "<meta http-equiv=refresh content=\"0;url=http://attack.invalid/\">",
    "<base href=\"http://attack.invalid/\"><img src=z.png>",
    "<form action=http://attack.invalid><button id=theme>x</button></form>",
    "</title></style></textarea></noscript></template><script>window.hacked=13</script>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hacked=14>",
    "${window.hacked=15}{{constructor.constructor('window.hacked=16')()}}",
    "\xE2\x80\xAE<script>window.hacked=17</script>\xE2\x80\xA8\xE2\x80\xA9",
    "\xFF\xFE<\xC0\xBCscript>window.hacked=18</script>\x01\x02\x7F",
    "__proto__",
    "<object data=\"data:text/html,<script>parent.hacked=19</script>\"></object>",
    "<video><source onerror=\"window.hacked=20\"></video><details open ontoggle=window.hacked=21>",
};

std::string attack(std::size_t i) {
  return kCorpus[i % kCorpus.size()];
}

PairedComparison compared(int n, int wrong, int right) {
  CompareOptions options;
  return compare_counts({n - wrong - right, wrong, right, 0}, options);
}

OutputValues output_of(KeptTexts& texts, std::size_t i, std::size_t v, bool right) {
  OutputValues out;
  std::string text = i % 4 == 1 ? "<think>Let me think. " + attack(i + 4) + "</think>" : "";
  text += fmt::format("Step one of item {}: {}\nsome reasoning that all variants share. ", i,
                      attack(i));
  for (int line = 0; line < 8; ++line) text += "The quick model works on the next step. ";
  if (v > 0 && i % 3 == 0) text += fmt::format("\xF0\x9F\x98\x80 variant {} goes on", v);
  out.text = texts.put(text);
  out.words = std::make_shared<const ScoreWords>(
      ScoreWords{.extracted = attack(i + 1),
                 .how = "boxed",
                 .why = right ? "" : "line 3 differs: " + attack(i + 5),
                 .target = ""});
  out.truncated = i % 50 == 0;
  out.finish_reason = out.truncated ? FinishReason::length : FinishReason::stop;
  out.outcome = i % 97 == 5 ? "sandbox fault" : "scored";
  out.score = right ? 1 : 0;
  return out;
}

// Looks at 64 pairs and so on, as many as were taken; the target's is still to come.
LooksValues looks_of(const std::vector<PairedComparison>& taken) {
  LooksValues looks;
  looks.schedule = look_schedule({}, 1200);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    LookOutcome outcome;
    outcome.look = looks.schedule.looks[i];
    outcome.comparison.overall = taken[i];
    looks.result.looks.push_back(outcome);
  }
  looks.result.verdict = Verdict::inconclusive;
  return looks;
}

FidelityValues fidelity_of(double share) {
  FidelityValues f{100, 5000, {share / 5, share / 6, share / 4}, {1 - share, 0.7, 0.99}, {}, 60};
  f.by_task = {{"task0", 0, 0, 3000, 1 - share, share}, {attack(6), 0, 0, 2000, 0.9, share}};
  f.by_position = {{"", 1, 1, 100, 1, 0}, {"", 2, 4, 300, 1 - share, share}};
  f.kl_quantiles = {{0.5, 0}, {0.99, share}, {1, 1}};
  return f;
}

RunReport make(std::size_t items) {
  RunReport report;
  report.name = "hostile " + attack(0);
  report.assay_version = "test";
  report.end = "complete";
  report.budget_s = 3600;
  report.spent_s = 1800;
  report.summary = "A summary. " + attack(2);
  report.summary_zh = "中文摘要。" + attack(2);
  for (const char* name : {"bf16", "fp8", "nvfp4"}) {
    VariantValues v;
    v.name = name;
    v.model = attack(4);
    v.baseline = report.variants.empty();
    v.load_s = 30;
    v.tokens_per_s = 1000 + 500 * static_cast<double>(report.variants.size());
    v.facts.dtype = attack(5);
    v.facts.kernels = {{.name = attack(3)}};
    v.emulated = v.name == "nvfp4";
    report.variants.push_back(std::move(v));
  }
  report.pooled.resize(3);
  report.pooled[1].overall = compared(1000, 10, 12);
  report.pooled[2].overall = compared(1000, 90, 20);
  report.looks = {std::nullopt, looks_of({compared(64, 2, 3), compared(128, 5, 4)}),
                  looks_of({compared(64, 9, 2)})};
  report.fidelity = {std::nullopt, fidelity_of(0.02), fidelity_of(0.4)};
  for (std::size_t t = 0; t < 3; ++t) {
    TaskValues task;
    task.name = fmt::format("task{}", t);
    task.title = "Task " + std::to_string(t) + " " + attack(t + 6);
    task.kind = "generate";
    task.status = "ok";
    task.metrics = {"robust"};
    task.may_show = t < 2;
    task.planned = static_cast<std::int64_t>(items / 3);
    task.shared = task.planned;
    task.shared_means = {0.8, 0.8, 0.7};
    for (std::size_t v = 0; v < 3; ++v) {
      Cell cell;
      cell.planned = cell.run = cell.scored = task.planned;
      cell.metrics["robust"] = task.shared_means[v];
      cell.ci95 = {0.75, 0.85};
      cell.groups[attack(t + 9)] = {10, 0.5};
      if (v > 0) cell.paired = compared(300, v == 1 ? 4 : 40, 5);
      task.cells.push_back(std::move(cell));
    }
    report.tasks.push_back(std::move(task));
  }
  for (std::size_t i = 0; i < items; ++i) {
    ItemValues item{fmt::format("task{}", i % 3), attack(i) + std::to_string(i), attack(i + 2),
                    attack(i + 3)};
    for (std::size_t v = 0; v < 3; ++v)
      item.outputs.emplace_back(output_of(*report.texts, i, v, v < 2 || i % 10 != 0));
    item.flips = i % 10 == 0;
    if (i % 3 != 2) {  // the third task's questions may not be shown
      item.question = report.asked->put(fmt::format("Question {}: {}", i, attack(i + 6)));
      item.prompt =
          report.asked->put(fmt::format("<|user|>{}\xE4\xBD\xA0 Question {}: {}<|assistant|>",
                                        std::string(800, 'x'), i, attack(i + 6)));
    }
    report.items.push_back(std::move(item));
  }
  Flag flag{"truncated", "nvfp4", "task0", 4, 10, 0.1, attack(7), attack(8), attack(9)};
  report.flags.push_back(flag);
  return report;
}

HistoryPoint point_of(std::size_t run, const PairedComparison& pooled) {
  HistoryPoint point;
  point.run = run;
  point.model = attack(run);
  point.pooled = pooled;
  point.fidelity = fidelity_of(0.02);
  point.versions = {{"vllm", attack(run + 2)}};
  point.tokens_per_s = 1000;
  point.load_s = 30;
  return point;
}

// Three runs of two variants, the last one worse.
History make_history() {
  History history;
  history.name = "hostile " + attack(0);
  history.baseline = attack(4);
  history.margin_pp = 3;
  history.alpha = 0.05;
  for (std::size_t run = 0; run < 3; ++run) {
    history.runs.push_back({"runs/" + attack(run + 3), 1.7e9 + 1e6 * static_cast<double>(run),
                            run == 1 ? "out_of_time" : "complete"});
  }
  for (const std::string& name : {std::string("fp8"), attack(7)}) {
    HistoryVariant variant{.name = name, .points = {}};
    for (std::size_t run = 0; run < 3; ++run) {
      variant.points.push_back(point_of(run, compared(1000, run == 2 ? 90 : 12, 10)));
    }
    variant.points.back().moved = {Text("was NON-INFERIOR", "原为 NON-INFERIOR"), attack(8)};
    variant.points.back().changed = {attack(9)};
    history.variants.push_back(std::move(variant));
  }
  return history;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto language = argc > 3 ? assay::Language::zh : assay::Language::en;
  if (std::string_view(argv[2]) == "history") {
    const std::string page = assay::history_html(assay::make_history(), language);
    return assay::write_file_atomic(argv[1], page) ? 0 : 3;
  }
  const auto items = static_cast<std::size_t>(std::strtoul(argv[2], nullptr, 10));
  const auto written = assay::write_file_atomic(argv[1], [&](const assay::Append& append) {
    return assay::write_html(assay::make(items), language, append);
  });
  return written ? 0 : 3;
}
