#include "report/kept_texts.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace assay {
namespace {

namespace fs = std::filesystem;

class KeptTextsTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string text_of(int i) { return std::to_string(i) + std::string(2000, 'x'); }
  // 3,000 of them, 6 MB; the most that was held in memory.
  static std::size_t fill(KeptTexts& texts, std::vector<TextPlace>& places) {
    std::size_t most_held = 0;
    for (int i = 0; i < 3000; ++i) {
      places.push_back(texts.put(text_of(i)));
      most_held = std::max(most_held, texts.held_bytes());
    }
    return most_held;
  }
  static void expect_all(const KeptTexts& texts, const std::vector<TextPlace>& places) {
    for (int i = 0; i < 3000; ++i) {
      ASSERT_EQ(texts.get(places[static_cast<std::size_t>(i)]).value(), text_of(i));
    }
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("assay_kept_texts_" + std::to_string(::getpid()));
};

TEST_F(KeptTextsTest, GivesBackWhatWasPutAndHoldsLittle) {
  KeptTexts texts = KeptTexts::in_folder(folder_);
  EXPECT_TRUE(fs::is_empty(folder_));  // its file has no name
  std::vector<TextPlace> places;
  EXPECT_LE(fill(texts, places), 1U << 20U);
  expect_all(texts, places);
  EXPECT_EQ(texts.get({}).value(), "");
}

// The file may not grow beyond 2.5 MB, as on a disk that is full: one text lies half in it.
TEST_F(KeptTextsTest, WhatTheDiskDoesNotTakeIsHeld) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto ignored = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{2'500'000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  KeptTexts texts = KeptTexts::in_folder(folder_);
  std::vector<TextPlace> places;
  const std::size_t held = fill(texts, places);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, ignored);
  EXPECT_GT(held, 3'000'000U);
  expect_all(texts, places);
}

TEST_F(KeptTextsTest, InAFolderThatIsNotThereAllIsHeld) {
  KeptTexts texts = KeptTexts::in_folder("/nowhere/at/all");
  std::vector<TextPlace> places;
  EXPECT_GT(fill(texts, places), 5'000'000U);
  expect_all(texts, places);
}

TEST(KeptTexts, WithoutAFileAllIsHeld) {
  KeptTexts texts;
  const TextPlace first = texts.put("one");
  const TextPlace none = texts.put("");
  const TextPlace last = texts.put(std::string(3 << 20, 'z'));
  EXPECT_EQ(texts.get(first).value(), "one");
  EXPECT_EQ(texts.get(none).value(), "");
  EXPECT_EQ(texts.get(last).value().size(), 3U << 20U);
  EXPECT_EQ(texts.held_bytes(), 3U + (3U << 20U));
}

}  // namespace
}  // namespace assay
