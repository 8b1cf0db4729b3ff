#include "store/declarations.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace assay {
namespace {

class DeclarationTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("declaration_" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static void answer(Store& store) {
    ASSERT_TRUE(store.put_response("k", Response{}, 0));
    ASSERT_TRUE(store.flush());
  }

  std::filesystem::path folder_;
};

constexpr Declaration kThree{3, 0.05, WeightRule::square_root, 100};
constexpr Declaration kFive{5, 0.05, WeightRule::square_root, 200};
constexpr Declaration kFiveLater{5, 0.05, WeightRule::square_root, 300};

TEST_F(DeclarationTest, IsFreeUntilTheFirstAnswer) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  EXPECT_FALSE(declarations(store).value());
  ASSERT_TRUE(keep_declaration(kThree, std::nullopt, store));
  ASSERT_TRUE(keep_declaration(kFive, std::nullopt, store));
  const Declarations both = declarations(store).value().value();
  EXPECT_TRUE(both.declared.asks_the_same(kFive));
  EXPECT_EQ(both.declared.at_s, 200);
}

TEST_F(DeclarationTest, StaysAfterIt) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  ASSERT_TRUE(keep_declaration(kThree, std::nullopt, store));
  answer(store);
  ASSERT_TRUE(keep_declaration(kFive, std::nullopt, store));
  ASSERT_TRUE(keep_declaration(kFiveLater, std::nullopt, store));
  const Declarations both = declarations(store).value().value();
  EXPECT_TRUE(both.declared.asks_the_same(kThree));
  EXPECT_TRUE(both.applied.asks_the_same(kFive));
  EXPECT_EQ(both.applied.at_s, 200);  // since when, not last
}

// A folder of release 0.1.0 declared what its frozen plan says.
TEST_F(DeclarationTest, OfAnEarlierRelease) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  answer(store);
  ASSERT_TRUE(keep_declaration(kFive, Declaration{2, 0.05, WeightRule::equal, 0}, store));
  const Declarations both = declarations(store).value().value();
  EXPECT_EQ(both.declared.margin_pp, 2);
  EXPECT_EQ(both.declared.weights, WeightRule::equal);
  EXPECT_EQ(both.applied.margin_pp, 5);
}

}  // namespace
}  // namespace assay
