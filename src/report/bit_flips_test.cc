// A store in which one bit has changed: its report is the same, or refused.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "base/files.h"
#include "base/json.h"
#include "plan/frozen.h"
#include "report/build.h"
#include "report/write.h"
#include "store/sqlite.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// Everything that any format says.
std::string words_of(const RunReport& report) {
  std::string out = dump_json(json_report(report)) + markdown_report(report);
  for (const auto& item : report.items) {
    out += item.id + item.target;
    for (const auto& output : item.outputs) {
      if (!output) continue;
      out += report.texts->get(output->text).value();
      out += report.prompt_hashes->get(output->prompt_hash).value();
    }
  }
  return out;
}

// The finished run of tests/store_v1, with a second pass, outputs read back and a judge.
class BitFlipsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("assay_bit_flips_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    ASSERT_TRUE(make_dirs(folder_));
    {
      const Database db = Database::open(file(), true).value();
      ASSERT_TRUE(db.exec(read_file(ASSAY_SOURCE_DIR "/tests/store_v1/store.sql").value().c_str()));
    }
    ASSERT_TRUE(Store::open(folder_, Store::Mode::write));  // migrated, and closed: no WAL is left
    ASSERT_FALSE(fs::exists(folder_ / "store.sqlite-wal"));
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path file() const { return folder_ / "store.sqlite"; }

  [[nodiscard]] Result<std::string> report() const {
    const Store store = TRY(Store::open(folder_, Store::Mode::read));
    return words_of(TRY(build_report(store)));
  }

  void sql(const std::string& text) const {
    const Database db = Database::open(file(), true).value();
    ASSERT_TRUE(db.exec(text.c_str()));
  }

  fs::path folder_;
};

TEST_F(BitFlipsTest, ChangeNoReport) {
  const char* more = std::getenv("ASSAY_BIT_FLIPS");
  const int flips = more != nullptr ? std::atoi(more) : 300;
  const std::string bytes = read_file(file()).value();
  const std::string whole = report().value();
  std::mt19937 random(17);
  int same = 0;
  int refused = 0;
  for (int i = 0; i < flips; ++i) {
    const std::size_t at = random() % bytes.size();
    const unsigned bit = random() % 8;
    std::string changed = bytes;
    changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ 1U << bit);
    std::ofstream(file(), std::ios::binary) << changed;
    const auto after = report();
    if (!after) {
      ++refused;
      continue;
    }
    ++same;
    EXPECT_EQ(*after == whole, true) << "bit " << bit << " of byte " << at;
  }
  RecordProperty("same", same);
  RecordProperty("refused", refused);
  std::printf("%d flips: %d the same report, %d refused\n", flips, same, refused);
  EXPECT_GT(refused, flips / 3);  // the rest hits what the migration left free
}

// The row, its table, and three lines.
TEST_F(BitFlipsTest, ADamagedRowIsNamed) {
  sql("UPDATE scores SET body = replace(body, '1.0', '0.0') WHERE variant = 'fp8' AND "
      "item = 'own-1'");
  const auto after = report();
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().what, file().string() + " is damaged");
  EXPECT_EQ(after.error().why,
            "the row 'fp8, hle, own-1, 0, answer' of its table scores does not agree with its "
            "checksum: a bit has changed, or another program wrote it");
  EXPECT_EQ(after.error().fix,
            "bring back a copy of the file, or choose another folder with --out");
}

// Edited by somebody who knows how rows are summed.
TEST_F(BitFlipsTest, AnEditedPlanIsNotBelieved) {
  const auto edit = [&](const std::string& old_text, const std::string& new_text) {
    Store store = Store::open(folder_, Store::Mode::write).value();
    std::string frozen = store.meta("frozen").value().value();
    const std::size_t at = frozen.find(old_text);
    ASSERT_NE(at, std::string::npos);
    ASSERT_TRUE(store.set_meta("frozen", frozen.replace(at, old_text.size(), new_text)));
    ASSERT_TRUE(store.flush());
  };
  ASSERT_TRUE(report());
  edit(R"("chance":0.0)", R"("chance":0.5)");
  auto after = report();
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().what,
            "the store's frozen plan is not the one its answers were made with");
  EXPECT_EQ(after.error().why,
            "its hash is not the stored frozen_hash: one of the two was changed");
  edit(R"("chance":0.5)", R"("chance":0.0)");
  ASSERT_TRUE(report());
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    const std::string declared =
        R"({"margin_pp": 3, "alpha": 0.05, "weights": "equal", "at_s": 0})";
    ASSERT_TRUE(store.set_meta("declared", declared));
    ASSERT_TRUE(store.set_meta("applied", declared));
  }
  ASSERT_TRUE(report());
  edit(R"("margin_pp":3.0)", R"("margin_pp":50.0)");
  after = report();
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().what,
            "the store's frozen plan asks another question than the last run applied");
  EXPECT_EQ(after.error().why,
            "a margin of 50 points and alpha 0.05 in the plan, 3 and 0.05 applied, or other "
            "weights: one of the two was changed");
}

}  // namespace
}  // namespace assay
