// Expected values: CPython 3.11.7, `random.seed(n)` and the call named at each check.
#include "task/python_random.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "task/python_text.h"

namespace assay {
namespace {

TEST(PythonRandom, WordsAfterSeed) {
  PythonRandom random(0);  // [random.getrandbits(32) for _ in range(4)]
  for (const std::uint32_t expected : {3626764237U, 1654615998U, 3255389356U, 3823568514U}) {
    EXPECT_EQ(random.next_u32(), expected);
  }
  PythonRandom two_words(1234567890123U);
  for (const std::uint32_t expected : {3532746698U, 3180869644U, 867419813U}) {
    EXPECT_EQ(two_words.next_u32(), expected);
  }
}

TEST(PythonRandom, BeyondOneRefill) {
  PythonRandom random(0);
  for (int i = 0; i < 1000; ++i) static_cast<void>(random.next_u32());
  EXPECT_EQ(random.next_u32(), 126175447U);
  EXPECT_EQ(random.bits(5), 11U);
  EXPECT_EQ(random.below(1000), 356U);
}

TEST(PythonRandom, Shuffle) {
  PythonRandom random(0);
  for (const std::string expected : {"cabd", "abdc", "acbd", "badc"}) {
    std::string text = "abcd";
    random.shuffle(std::span<char>(text));
    EXPECT_EQ(text, expected);
  }
  PythonRandom other(42);
  std::vector<int> values(10);
  std::iota(values.begin(), values.end(), 0);
  other.shuffle(std::span<int>(values));
  EXPECT_EQ(values, (std::vector<int>{7, 3, 2, 8, 5, 6, 9, 4, 0, 1}));
}

TEST(PythonText, Literal) {
  EXPECT_EQ(python_literal("a'b\\c\n\t\xc3\xa9"), "'a\\'b\\\\c\\n\\x09\xc3\xa9'");
}

TEST(PythonText, TemplateIsFilledInOnePass) {
  EXPECT_EQ(fill_template("{a} {b} {c} {", {{"a", "{b}"}, {"b", "2"}}), "{b} 2 {c} {");
}

}  // namespace
}  // namespace assay
