// The first screen of report.html: a card a candidate with what to do, its interval drawn against
// the margin, its fidelity, what it gains and what speaks against it. Drawn here and not by the
// page's script, so that it is there at the first paint, in print and without scripts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "report/action.h"
#include "report/flags.h"
#include "report/heads.h"
#include "report/html.h"
#include "report/printers.h"
#include "report/sections.h"
#include "report/summary.h"
#include "report/words.h"

namespace assay {
namespace {

constexpr double kWidth = 340;  // of a drawing, in its own units
constexpr double kEdge = 12;    // left free at both ends, for labels
constexpr std::size_t kFlagsShown = 4;

// A text of a drawing in both languages.
std::string label(double x, double y, const char* anchor, const Text& text) {
  const auto one = [&](const char* lang, const std::string& words) {
    return fmt::format("<text{} x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", lang, x, y,
                       anchor, markup_escaped(words));
  };
  if (text.en == text.zh) return one("", text.en);
  return one(" lang=\"en\"", text.en) + one(" lang=\"zh\"", text.zh);
}

std::string line(const char* look, double x1, double x2, double y1, double y2) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>",
                     look, x1, x2, y1, y2);
}

std::string bar(const char* look, double from, double to, double y, double height) {
  return fmt::format(
      "<rect class=\"{}\" x=\"{:.1f}\" width=\"{:.1f}\" y=\"{:.1f}\" height=\"{:.1f}\"/>", look,
      from, std::max(0.0, to - from), y, height);
}

std::string drawing(const char* look, double height, const std::string& body) {
  return fmt::format(
      "<svg class=\"{}\" viewBox=\"0 0 {:.0f} {:.0f}\" aria-hidden=\"true\">{}</svg>", look, kWidth,
      height, body);
}

// Points to the left and right of zero that every card shows, so that cards compare at a glance.
double reach_of(const RunReport& report) {
  double reach = 1.6 * report.margin_pp;
  for (const PooledComparison& pooled : report.pooled) {
    if (pooled.overall.n == 0) continue;
    reach = std::max({reach, std::abs(pooled.overall.interval_low_pp),
                      std::abs(pooled.overall.interval_high_pp)});
  }
  return std::min(reach * 1.05, 100.0);
}

// The interval against the margin: what lies left of the dashed line is a loss too large.
std::string interval_drawing(const RunReport& report, const PairedComparison& c, double reach) {
  const auto x = [reach](double points) {
    const double at = std::clamp(points, -reach, reach);
    return kEdge + (at + reach) / (2 * reach) * (kWidth - 2 * kEdge);
  };
  const double margin = x(-report.margin_pp);
  std::string body = bar("lost", 0, margin, 0, 34) + bar("allowed", margin, x(0), 0, 34) +
                     line("edge", margin, margin, 0, 38) + line("zero", x(0), x(0), 0, 38);
  body += line("interval", x(c.interval_low_pp), x(c.interval_high_pp), 17, 17);
  for (const double end : {c.interval_low_pp, c.interval_high_pp}) {
    body += line("interval", x(end), x(end), 11, 23);
  }
  body += fmt::format("<circle class=\"point\" cx=\"{:.1f}\" cy=\"17\" r=\"6\"/>", x(c.diff_pp));
  const std::string at = fmt::format("−{:g}", report.margin_pp);
  const bool near = x(0) - margin < 90;  // two labels have no room beside each other
  if (margin > 140) body += label(0, 51, "start", {"loss too large", "损失过大"});
  body += label(margin, 51, near ? "end" : "middle", {at + " margin", at + " 界值"});
  body += label(x(0), 51, near ? "start" : "middle", {"0 baseline", "0 基线"});
  return drawing("drawn", 56, body);
}

// Mean KL on a scale of tenfolds from 0.001 to 1 nat, with the threshold of low fidelity.
std::string fidelity_drawing(const FidelityValues& f) {
  const auto x = [](double nats) {
    const double at = std::clamp(std::log10(std::max(nats, 1e-9)), -3.0, 0.0);
    return kEdge + (at + 3) / 3 * (kWidth - 2 * kEdge);
  };
  const double threshold = x(kLowFidelityKl);
  std::string body = bar("near", 0, threshold, 0, 14) + bar("far", threshold, kWidth, 0, 14) +
                     line("edge", threshold, threshold, 0, 18);
  body += line("interval", x(f.kl.low), x(f.kl.high), 7, 7);
  body += fmt::format("<circle class=\"point\" cx=\"{:.1f}\" cy=\"7\" r=\"5\"/>", x(f.kl.value));
  body += label(0, 31, "start", {"close: KL 0.001", "接近：KL 0.001"});
  body += label(threshold, 31, "middle", "0.05");
  body += label(kWidth, 31, "end", {"far: 1 nat", "差很远：1 nat"});
  return drawing("drawn", 35, body);
}

std::string minus(const std::string& text) {  // a hyphen is no minus sign
  return replace_all(text, "-", "−");
}

std::string term(const char* part, const Text& name, const std::string& body) {
  return fmt::format("<div class=\"line\" data-part=\"{}\"><h4>{}</h4>{}</div>", part, both(name),
                     body);
}

std::string difference_part(const RunReport& report, const PairedComparison& c, double reach) {
  const Text margin = {fmt::format("margin {:g} points", report.margin_pp),
                       fmt::format("非劣效界值 {:g} 个百分点", report.margin_pp)};
  if (c.n == 0) {
    return term("difference", {"Score against the baseline", "与基线的得分差"},
                "<p><span data-part=\"interval\">" + both({"no interval", "没有区间"}) +
                    "</span> · <span data-part=\"margin\">" + both(margin) + "</span></p>");
  }
  const Text level = primary_level(report);
  const std::string interval =
      minus(fmt::format("[{:+.1f}, {:+.1f}]", c.interval_low_pp, c.interval_high_pp));
  std::string text = fmt::format(
      "<p><strong class=\"big\">{}</strong> <span data-part=\"interval\">{}</span> "
      "<span class=\"sub\">{} · <span data-part=\"margin\">{}</span></span></p>",
      minus(fmt::format("{:+.1f}", c.diff_pp)), interval,
      both({fmt::format("points, {}; {} pairs", level.en, c.n),
            fmt::format("个百分点，{}；{} 对题", level.zh, c.n)}),
      both(margin));
  return term("difference", {"Score against the baseline", "与基线的得分差"},
              text + interval_drawing(report, c, reach));
}

std::string fidelity_part(const RunReport& report, std::size_t v) {
  const Text name = {"Fidelity: the same likeliest token", "保真度：首选 token 相同的比例"};
  const auto measured = v < report.fidelity.size() ? report.fidelity[v] : std::nullopt;
  if (!measured) {
    return term("fidelity", name, "<p class=\"sub\">" + both({"not measured", "未测量"}) + "</p>");
  }
  const FidelityValues& f = *measured;
  const bool low = f.kl.low > kLowFidelityKl;
  const std::string text = fmt::format(
      "<p><strong class=\"big\">{:.1f} %</strong> <span class=\"sub\">[{:.1f}, {:.1f}] · KL {:.4f} "
      "nat</span></p>",
      f.top1_agreement.value * 100, f.top1_agreement.low * 100, f.top1_agreement.high * 100,
      f.kl.value);
  return fmt::format("<div class=\"fidelity {}\">{}</div>", low ? "low" : "high",
                     term("fidelity", name, text + fidelity_drawing(f)));
}

struct Gain {
  Text name;
  Text change;  // "×1.52"
  std::string figures;
  bool better = false;
};

std::string change_text(double ratio) {
  if (std::abs(ratio - 1) < 0.005) return "±0 %";
  return minus(fmt::format("{:+.0f} %", (ratio - 1) * 100));
}

// What is faster or smaller than the baseline's; a value that is not known gives no row.
std::vector<Gain> gains_of(const RunReport& report, std::size_t v) {
  const VariantValues& here = report.variants[v];
  const VariantValues& there = report.variants[baseline_index(report.variants)];
  std::vector<Gain> out;
  const auto add = [&out](Text name, double now, double before, bool more_is_better,
                          const auto& say) {
    if (now <= 0) return;
    Gain gain{std::move(name), {}, say(now)};
    if (before > 0) {
      const double ratio = now / before;
      gain.change = change_text(ratio);
      const bool same = gain.figures == say(before);
      if (!same) gain.figures += " ← " + say(before);
      gain.better = more_is_better ? ratio > 1.005 : ratio < 0.995;
    }
    out.push_back(std::move(gain));
  };
  if (here.emulated) {
    out.push_back({heads::tokens_per_s(), {"emulated here", "此处为软件模拟"}, ""});
  } else {
    add(heads::tokens_per_s(), here.tokens_per_s, there.emulated ? 0 : there.tokens_per_s, true,
        [](double value) { return rate_text(value); });
  }
  add({"GPU memory", "显存"}, static_cast<double>(here.facts.gpu_memory_bytes),
      static_cast<double>(there.facts.gpu_memory_bytes), false,
      [](double value) { return human_bytes(value); });
  add({"KV cache, tokens", "KV cache token 数"}, static_cast<double>(here.facts.kv_cache_tokens),
      static_cast<double>(there.facts.kv_cache_tokens), true, [](double value) {
        return value < 10'000 ? fmt::format("{:.0f}", value) : fmt::format("{:.0f}k", value / 1000);
      });
  add(heads::load(), here.load_s, there.load_s, false,
      [](double value) { return human_duration(value); });
  return out;
}

std::string gain_part(const RunReport& report, std::size_t v) {
  std::string rows;
  for (const Gain& gain : gains_of(report, v)) {
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"{}\">{}</td><td class=\"sub\">{}</td></tr>",
        both(gain.name), gain.better ? "better" : "change", both(gain.change),
        markup_escaped(gain.figures));
  }
  const Text name = {"What it gains (← baseline)", "换来什么（← 基线）"};
  if (rows.empty())
    return term("gain", name, "<p class=\"sub\">" + both({"not told", "未提供"}) + "</p>");
  return term("gain", name, "<table class=\"gain\"><tbody>" + rows + "</tbody></table>");
}

const char* look_of(Severity severity) {
  switch (severity) {
    case Severity::invalid:
      return "invalid";
    case Severity::warning:
      return "inconclusive";
    case Severity::note:
      break;
  }
  return "not_available";
}

Text severity_words(Severity severity) {
  switch (severity) {
    case Severity::invalid:
      return "INVALID";
    case Severity::warning:
      return {"warning", "警告"};
    case Severity::note:
      break;
  }
  return {"note", "备注"};
}

std::string flag_link(const RunReport& report, const Flag& flag) {
  const Severity severity = severity_of(flag);
  const Text name = flag_words(flag.name);
  const std::string task = flag.task.empty() ? "" : ": " + flag.task;
  return fmt::format("<li class=\"{}\"><a href=\"#{}\">{}</a> <span class=\"sub\">{}</span></li>",
                     look_of(severity), flag_row_id(report, flag),
                     both({name.en + task, name.zh + replace_all(task, ": ", "：")}),
                     both(severity_words(severity)));
}

std::string flag_list(const RunReport& report, std::vector<const Flag*> flags) {
  if (flags.empty()) return "<p class=\"sub\">" + both({"none", "没有"}) + "</p>";
  std::string out = "<ul class=\"flags\">";
  for (std::size_t i = 0; i < std::min(flags.size(), kFlagsShown); ++i) {
    out += flag_link(report, *flags[i]);
  }
  if (flags.size() > kFlagsShown) {
    const std::size_t more = flags.size() - kFlagsShown;
    out += "<li><a href=\"#flags\">" +
           both({fmt::format("{} more", more), fmt::format("另有 {} 个", more)}) + "</a></li>";
  }
  return out + "</ul>";
}

std::vector<const Flag*> flags_of(const RunReport& report, const std::string& variant) {
  std::vector<const Flag*> out;
  for (const Flag& flag : report.flags) {
    if (flag.variant == variant) out.push_back(&flag);
  }
  std::ranges::stable_sort(out, {}, [](const Flag* flag) { return severity_of(*flag); });
  return out;
}

std::string first_large(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

std::string card(const RunReport& report, std::size_t v, double reach) {
  const PairedComparison& pooled = report.pooled[v].overall;
  const VerdictWords& words = verdict_words(pooled.verdict);
  const Action action = action_of(report, v);
  const Text badge = {
      std::string(words.label),
      std::string(words.label) + (words.zh.empty() ? "" : " ") + std::string(words.zh)};
  std::string out = fmt::format(
      "<article class=\"card {}\" aria-labelledby=\"card{}\"><h3 id=\"card{}\">{} <span "
      "class=\"badge {}\" data-part=\"verdict\">{}</span></h3>",
      words.name, v, v, both(report.variants[v].name), words.name, both(badge));
  const std::string settings = settings_text(report.variants[v].settings);
  if (!settings.empty()) out += "<p class=\"sub\">" + markup_escaped(settings) + "</p>";
  out += "<p class=\"action\" data-part=\"action\">" +
         both({first_large(action.sentence.en) + ".", action.sentence.zh + "。"}) + "</p>";
  out += difference_part(report, pooled, reach) + fidelity_part(report, v) + gain_part(report, v);
  out += term("flags", {"Flags", "标记"},
              flag_list(report, flags_of(report, report.variants[v].name)));
  return out + "</article>\n";
}

}  // namespace

std::string card_section(const RunReport& report) {
  std::string out = "<section id=\"verdict\" class=\"first\"><h2 class=\"unseen\">" +
                    both({"Verdict", "结论"}) + "</h2>\n<div class=\"cards\">";
  const double reach = reach_of(report);
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (!report.variants[v].baseline) out += card(report, v, reach);
  }
  out += "</div>\n";
  if (report.variants.empty()) return out + "</section>\n";
  const VariantValues& base = report.variants[baseline_index(report.variants)];
  const std::vector<const Flag*> flags = flags_of(report, base.name);
  out += "<div class=\"baseline\"><p>" + both({"Baseline: " + base.name, "基线：" + base.name}) +
         " <span class=\"sub\">" +
         markup_escaped(base.model + (base.revision.empty() ? "" : "@" + base.revision)) +
         "</span></p>" + (flags.empty() ? "" : flag_list(report, flags)) + "</div>";
  return out + "</section>\n";
}

}  // namespace assay
