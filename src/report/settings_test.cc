#include "report/settings.h"

#include <gtest/gtest.h>

#include "report/heads.h"
#include "report/sections.h"

namespace assay {
namespace {

RunReport two_ways_of_serving() {
  RunReport report;
  report.variants.resize(2);
  report.variants[0].name = "plain";
  report.variants[0].baseline = true;
  report.variants[0].settings = {{"kv_cache_dtype", "default"}};
  report.variants[1].name = "kv8";
  report.variants[1].settings = {{"kv_cache_dtype", "fp8"}};
  return report;
}

TEST(Settings, StandBesideTheNameOfAVariant) {
  Table table{"made"};
  table.head = {heads::task(), heads::variant(), "n"};
  table.rows = {{"t", Text("plain (baseline)", "plain（基线）"), "1"}, {"t", "kv8", "2"}};
  name_settings(table, two_ways_of_serving());
  ASSERT_EQ(table.head.size(), 4U);
  EXPECT_EQ(table.head[2].en, "served with");
  EXPECT_EQ(table.rows[0][2].text(Language::en), "default");
  EXPECT_EQ(table.rows[1][2].text(Language::en), "kv_cache_dtype fp8");
  EXPECT_EQ(table.rows[1][3].text(Language::en), "2");
}

TEST(Settings, StandInTheHeadOfAVariantsColumn) {
  Table table{"made"};
  table.head = {heads::task(), Text("plain (baseline)", "plain（基线）"), "kv8"};
  table.rows = {{"t", "1", "2"}};
  name_settings(table, two_ways_of_serving());
  ASSERT_EQ(table.head.size(), 3U);
  EXPECT_EQ(table.head[1].en, "plain (baseline) (default)");
  EXPECT_EQ(table.head[2].in(Language::zh), "kv8 (kv_cache_dtype fp8)");
}

TEST(Settings, OfVariantsThatAreServedAlikeAreNotNamed) {
  RunReport report = two_ways_of_serving();
  for (VariantValues& variant : report.variants) variant.settings.clear();
  Table table{"made"};
  table.head = {heads::variant()};
  table.rows = {{"kv8"}};
  name_settings(table, report);
  EXPECT_EQ(table.head.size(), 1U);
}

}  // namespace
}  // namespace assay
