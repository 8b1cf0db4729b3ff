// assay power: how many items a question needs.
#include <fmt/format.h>

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
};

Result<int> power(const PowerOptions& options) {
  const auto within = [](double value, double low, double high) {  // not a number is within nothing
    return value >= low && value <= high;
  };
  if (options.n < 1 || options.family < 1 ||
      !within(options.margin_pp, kLeastSoundMarginPp, 99.9) ||
      !within(options.alpha, kLeastAlpha, 0.4999) || !within(options.discordance_pct, 1e-6, 100)) {
    return usage_error("these numbers make no question",
                       "n and family must be at least 1, margin between 0.0001 and 99.9, alpha "
                       "between 1e-12 and 0.4999, "
                       "discordance above 0 and at most 100",
                       "see assay power --help");
  }
  TRY(refuse_share_as_margin("--margin", options.margin_pp));
  const double margin = options.margin_pp / 100;
  PowerAssumptions assumptions;
  assumptions.discordance = options.discordance_pct / 100;
  assumptions.alpha = options.alpha / options.family;
  const BestVerdict best = best_verdict(options.n, margin, assumptions.alpha);
  fmt::print("{} items, margin {} points, alpha {} one-sided{}\n", options.n, options.margin_pp,
             options.alpha,
             options.family > 1 ? fmt::format(", shared by {} tests: {:.4g} each", options.family,
                                              assumptions.alpha)
                                : "");
  fmt::print("best verdict reachable      {}\n", verdict_label(best.best));
  fmt::print("fewest items for the margin {} (with no item flipping)\n",
             fewest_items_non_inferior(margin, assumptions.alpha));
  if (const auto drop = smallest_detectable_drop(options.n, assumptions)) {
    fmt::print("smallest drop detectable    {:.1f} points (80 % power, {} % of items flip)\n",
               *drop * 100, options.discordance_pct);
  }
  if (const auto items = items_for_non_inferior(margin, 0, assumptions)) {
    fmt::print("items for NON-INFERIOR      {} (80 % power, {} % of items flip, truly alike)\n",
               *items, options.discordance_pct);
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
  command->footer("Examples:\n  assay power --n 50 --margin 3\n  assay power --n 200 --family 14");
  command->callback([options, &session] { finish(session, power(*options)); });
}

}  // namespace assay
