#include "report/terminal.h"

#include <gtest/gtest.h>

#include "report/printers.h"

namespace assay {
namespace {

Table scores() {
  Table table{"scores"};
  table.head = {"task", "bf16", "fp8", "verdict"};
  table.rows.push_back({"math500", "80.0 %", "79.5 %",
                        badge(Verdict::inconclusive, "INCONCLUSIVE (717 items needed)")});
  table.rows.push_back({"aime24", "50.0 %", "50.0 %", badge(Verdict::worse, "WORSE")});
  return table;
}

TEST(Aligned, AWideTerminalTakesTheTableAsItIs) {
  const std::string whole = aligned(scores());
  EXPECT_EQ(aligned(scores(), Language::en, false, 56), whole);
  EXPECT_NE(aligned(scores(), Language::en, false, 55), whole);
}

TEST(Aligned, ANarrowTerminalGetsItInPartsWithTheFirstColumn) {
  EXPECT_EQ(aligned(scores(), Language::en, false, 40),
            "task     bf16    fp8\n"
            "math500  80.0 %  79.5 %\n"
            "aime24   50.0 %  50.0 %\n"
            "\n"
            "task     verdict\n"
            "math500  INCONCLUSIVE (717 items needed)\n"
            "aime24   WORSE\n");
}

TEST(Aligned, WhatFitsInNoPartIsBrokenBetweenWords) {
  EXPECT_EQ(aligned(scores(), Language::en, false, 24),
            "task     bf16    fp8\n"
            "math500  80.0 %  79.5 %\n"
            "aime24   50.0 %  50.0 %\n"
            "\n"
            "task     verdict\n"
            "math500  INCONCLUSIVE\n"
            "         (717 items\n"
            "         needed)\n"
            "aime24   WORSE\n");
}

RunReport two_variants() {
  RunReport report;
  report.name = "demo";
  report.variants = {{.name = "bf16", .baseline = true}, {.name = "fp8"}};
  report.pooled.resize(2);
  report.fidelity.resize(2);
  return report;
}

TEST(Screen, NamesFidelityAndFlags) {
  RunReport report = two_variants();
  FidelityValues fidelity;
  fidelity.tokens = 600;
  fidelity.top1_agreement.value = 0.94;
  fidelity.kl.value = 0.025;
  report.fidelity[1] = fidelity;
  report.flags.push_back({.name = "truncated",
                          .variant = "fp8",
                          .task = "math500",
                          .text = "5 of 8 answers were cut off"});
  for (int i = 0; i < 6; ++i) {
    report.flags.push_back({.name = "kernels", .variant = "fp8", .text = "emulated"});
  }
  report.flags.push_back({.name = "empty",
                          .variant = "fp8",
                          .task = "hle",
                          .text = "all are empty",
                          .invalidates = {"fp8"}});
  const std::string screen = terminal_table(report, {});
  EXPECT_NE(screen.find("  fidelity: top-1 agreement 94.0 % over 600 positions, mean KL 0.0250 "
                        "nats\n"),
            std::string::npos)
      << screen;
  // What spoils a comparison stands first.
  EXPECT_NE(screen.find("8 flags:\n  empty (fp8 / hle): all are empty\n"
                        "  truncated (fp8 / math500): 5 of 8 answers were cut off\n"
                        "  kernels (fp8): emulated\n"),
            std::string::npos)
      << screen;
  EXPECT_NE(screen.find("  and 2 more: see the report\n"), std::string::npos) << screen;
}

TEST(Screen, ColoursWhatSpoilsAComparison) {
  RunReport report = two_variants();
  report.flags.push_back({.name = "empty", .variant = "fp8", .text = "x", .invalidates = {"fp8"}});
  EXPECT_NE(terminal_table(report, {.colour = true}).find("  \033[31mempty\033[0m (fp8): x\n"),
            std::string::npos);
  EXPECT_EQ(terminal_table(report, {}).find('\033'), std::string::npos);
}

}  // namespace
}  // namespace assay
