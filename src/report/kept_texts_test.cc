#include "report/kept_texts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

namespace assay {
namespace {

namespace fs = std::filesystem;

TEST(KeptTexts, GivesBackWhatWasPutAndHoldsLittle) {
  const fs::path folder =
      fs::path(testing::TempDir()) / ("assay_kept_texts_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  auto texts = KeptTexts::in_folder(folder);
  ASSERT_TRUE(texts) << texts.error().to_string();
  EXPECT_TRUE(fs::is_empty(folder));  // its file has no name
  std::vector<TextPlace> places;
  std::size_t most_held = 0;
  for (int i = 0; i < 3000; ++i) {
    places.push_back(texts->put(std::to_string(i) + std::string(2000, 'x')).value());
    most_held = std::max(most_held, texts->held_bytes());
  }
  EXPECT_LE(most_held, 1U << 20U);  // of 6 MB
  for (int i = 0; i < 3000; ++i) {
    EXPECT_EQ(texts->get(places[static_cast<std::size_t>(i)]).value(),
              std::to_string(i) + std::string(2000, 'x'));
  }
  EXPECT_EQ(texts->get({}).value(), "");
  fs::remove_all(folder);
}

TEST(KeptTexts, WithoutAFileAllIsHeld) {
  KeptTexts texts;
  const TextPlace first = texts.put("one").value();
  const TextPlace none = texts.put("").value();
  const TextPlace last = texts.put(std::string(3 << 20, 'z')).value();
  EXPECT_EQ(texts.get(first).value(), "one");
  EXPECT_EQ(texts.get(none).value(), "");
  EXPECT_EQ(texts.get(last).value().size(), 3U << 20U);
  EXPECT_EQ(texts.held_bytes(), 3U + (3U << 20U));
}

TEST(KeptTexts, AFolderThatIsNotThereIsAnError) {
  const auto texts = KeptTexts::in_folder("/nowhere/at/all");
  ASSERT_FALSE(texts);
  EXPECT_EQ(texts.error().kind, ErrorKind::environment);
}

}  // namespace
}  // namespace assay
