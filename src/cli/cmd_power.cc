// assay power: how many items a question needs.
#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/terminal.h"
#include "cli/command.h"
#include "stats/power.h"
#include "values/margin.h"

namespace assay {
namespace {

// Smaller ones need more items than there are, and more digits than a number has.
constexpr double kLeastSoundMarginPp = 1e-4;
constexpr double kLeastAlpha = 1e-12;

struct PowerOptions {
  long n = 50;
  double margin_pp = 3;
  double alpha = 0.05;
  double discordance_pct = 10;
  int family = 1;
  bool json = false;
};

// What the question comes to.
struct PowerAnswer {
  BestVerdict best;
  std::int64_t fewest = 0;            // items for NON-INFERIOR, with none flipping
  std::optional<double> drop;         // smallest that is found, as a share
  std::optional<std::int64_t> items;  // for NON-INFERIOR
};

void print_power_json(const PowerOptions& options, const PowerAssumptions& each,
                      const PowerAnswer& answer) {
  const nlohmann::json out = {
      {"schema_version", 1},
      {"items", options.n},
      {"margin_pp", options.margin_pp},
      {"alpha", options.alpha},
      {"family", options.family},
      {"alpha_each", each.alpha},
      {"discordance", each.discordance},
      {"power", each.power},
      {"best_verdict", verdict_name(answer.best.best)},
      {"fewest_items_non_inferior", answer.fewest},
      {"detectable_pp", answer.drop ? nlohmann::json(*answer.drop * 100) : nlohmann::json(nullptr)},
      {"items_non_inferior",
       answer.items ? nlohmann::json(*answer.items) : nlohmann::json(nullptr)}};
  fmt::print("{}\n", out.dump(1));
}

// What a figure is, and the figure.
void print_figure(const Text& name, const Text& value, Language language) {
  constexpr std::size_t kNameCells = 27;
  print_out(filled_after(name.in(language), kNameCells) + " " + value.in(language) + "\n");
}

void print_power_text(const PowerOptions& options, const PowerAssumptions& each,
                      const PowerAnswer& answer, Language language) {
  Text shared;
  if (options.family > 1) {
    shared = bilingual(", shared by {} tests: {:.4g} each", "，由 {} 个检验分摊：各 {:.4g}",
                       options.family, each.alpha);
  }
  print_out(bilingual("{} items, margin {} points, alpha {} one-sided{}\n",
                      "{} 题，非劣效界值 {} 个百分点，单侧 alpha {}{}\n", options.n,
                      options.margin_pp, options.alpha, shared)
                .in(language));
  print_figure({"best verdict reachable", "可能达到的最好结论"},
               std::string(verdict_label(answer.best.best)), language);
  print_figure({"fewest items for the margin", "达到界值的最少题数"},
               bilingual("{} (with no item flipping)", "{}（没有题翻转时）", answer.fewest),
               language);
  if (answer.drop) {
    print_figure({"smallest drop detectable", "能检出的最小下降"},
                 bilingual("{:.1f} points (80 % power, {} % of items flip)",
                           "{:.1f} 个百分点（功效 80 %，{} % 的题翻转）", *answer.drop * 100,
                           options.discordance_pct),
                 language);
  }
  if (answer.items) {
    print_figure({"items for NON-INFERIOR", "NON-INFERIOR 所需题数"},
                 bilingual("{} (80 % power, {} % of items flip, truly alike)",
                           "{}（功效 80 %，{} % 的题翻转，两者其实相同）", *answer.items,
                           options.discordance_pct),
                 language);
  }
}

Result<int> power(const PowerOptions& options, Language language) {
  const auto within = [](double value, double low, double high) {  // not a number is within nothing
    return value >= low && value <= high;
  };
  if (options.n < 1 || options.family < 1 ||
      !within(options.margin_pp, kLeastSoundMarginPp, 99.9) ||
      !within(options.alpha, kLeastAlpha, 0.4999) || !within(options.discordance_pct, 1e-6, 100)) {
    return usage_error({"these numbers make no question", "这些数构不成一个问题"},
                       {"n and family must be at least 1, margin between 0.0001 and 99.9, alpha "
                        "between 1e-12 and 0.4999, discordance above 0 and at most 100",
                        "n 和 family 至少为 1，margin 在 0.0001 与 99.9 之间，alpha 在 1e-12 与 "
                        "0.4999 之间，discordance 大于 0 且不超过 100"},
                       {"see assay power --help", "见 assay power --help"});
  }
  TRY(refuse_share_as_margin("--margin", options.margin_pp));
  const double margin = options.margin_pp / 100;
  PowerAssumptions assumptions;
  assumptions.discordance = options.discordance_pct / 100;
  assumptions.alpha = options.alpha / options.family;
  const PowerAnswer answer{.best = best_verdict(options.n, margin, assumptions.alpha),
                           .fewest = fewest_items_non_inferior(margin, assumptions.alpha),
                           .drop = smallest_detectable_drop(options.n, assumptions),
                           .items = items_for_non_inferior(margin, 0, assumptions)};
  if (options.json) {
    print_power_json(options, assumptions, answer);
  } else {
    print_power_text(options, assumptions, answer, language);
  }
  return kExitDone;
}

}  // namespace

void add_power(CLI::App& app, Session& session) {
  auto options = std::make_shared<PowerOptions>();
  CLI::App* command =
      app.add_subcommand("power", "How many items a margin needs, before anything is rented.");
  command->add_option("--n", options->n, "Items of the task")->capture_default_str();
  command->add_option("--margin", options->margin_pp, "Margin in percentage points")
      ->capture_default_str();
  command->add_option("--alpha", options->alpha, "One-sided error rate")->capture_default_str();
  command
      ->add_option("--discordance", options->discordance_pct,
                   "Per cent of items that flip either way")
      ->capture_default_str();
  command
      ->add_option("--family", options->family,
                   "Verdicts that share alpha: tasks times candidates. 1: the primary question")
      ->capture_default_str();
  command->add_flag("--json", options->json, "For machines");
  command->footer(
      "Examples:\n  assay power --n 50 --margin 3\n  assay power --n 200 --family 14\n"
      "  assay power --n 1319 --margin 2 --json");
  command->callback([options, &session] { finish(session, power(*options, session.language)); });
}

}  // namespace assay
