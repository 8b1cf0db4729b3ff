// assay power: how many items a question needs.
#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

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

void print_power_text(const PowerOptions& options, const PowerAssumptions& each,
                      const PowerAnswer& answer) {
  fmt::print("{} items, margin {} points, alpha {} one-sided{}\n", options.n, options.margin_pp,
             options.alpha,
             options.family > 1
                 ? fmt::format(", shared by {} tests: {:.4g} each", options.family, each.alpha)
                 : "");
  fmt::print("best verdict reachable      {}\n", verdict_label(answer.best.best));
  fmt::print("fewest items for the margin {} (with no item flipping)\n", answer.fewest);
  if (answer.drop) {
    fmt::print("smallest drop detectable    {:.1f} points (80 % power, {} % of items flip)\n",
               *answer.drop * 100, options.discordance_pct);
  }
  if (answer.items) {
    fmt::print("items for NON-INFERIOR      {} (80 % power, {} % of items flip, truly alike)\n",
               *answer.items, options.discordance_pct);
  }
}

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
  const PowerAnswer answer{.best = best_verdict(options.n, margin, assumptions.alpha),
                           .fewest = fewest_items_non_inferior(margin, assumptions.alpha),
                           .drop = smallest_detectable_drop(options.n, assumptions),
                           .items = items_for_non_inferior(margin, 0, assumptions)};
  (options.json ? print_power_json : print_power_text)(options, assumptions, answer);
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
  command->callback([options, &session] { finish(session, power(*options)); });
}

}  // namespace assay
