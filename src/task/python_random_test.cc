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

// r = random.Random(seed); r.sample(range(n), k), again and again: from a list of what is left up
// to 21 (for k = 6: 85), from a set of what was taken beyond.
TEST(PythonRandom, Sample) {
  using Places = std::vector<std::size_t>;
  PythonRandom small(1234);
  EXPECT_EQ(small.sample(20, 5), (Places{14, 3, 0, 2, 1}));
  EXPECT_EQ(small.sample(20, 5), (Places{2, 3, 11, 7, 0}));
  EXPECT_EQ(small.sample(20, 5), (Places{0, 19, 11, 15, 14}));
  PythonRandom large(1234);  // the size of GSM8K's training split
  EXPECT_EQ(large.sample(7473, 5), (Places{6374, 3610, 957, 61, 742}));
  EXPECT_EQ(large.sample(7473, 5), (Places{7462, 6610, 4769, 286, 5501}));
  PythonRandom edge(0);
  EXPECT_EQ(edge.sample(21, 5), (Places{12, 13, 1, 8, 16}));
  EXPECT_EQ(edge.sample(21, 5), (Places{15, 12, 9, 20, 11}));
  PythonRandom beyond(3);
  EXPECT_EQ(beyond.sample(22, 5), (Places{7, 18, 17, 4, 11}));
  EXPECT_EQ(beyond.sample(22, 5), (Places{19, 15, 20, 18, 2}));
  PythonRandom six(42);
  EXPECT_EQ(six.sample(80, 6), (Places{14, 3, 35, 31, 28, 17}));
  EXPECT_EQ(six.sample(80, 6), (Places{13, 69, 11, 75, 54, 4}));
  PythonRandom all(7);
  EXPECT_EQ(all.sample(3, 3), (Places{1, 0, 2}));
  EXPECT_EQ(all.sample(3, 0), Places{});
}

TEST(PythonText, Literal) {
  EXPECT_EQ(python_literal("a'b\\c\n\t\xc3\xa9"), "'a\\'b\\\\c\\n\\x09\xc3\xa9'");
}

TEST(PythonText, TemplateIsFilledInOnePass) {
  EXPECT_EQ(fill_template("{a} {b} {c} {", {{"a", "{b}"}, {"b", "2"}}), "{b} 2 {c} {");
}

}  // namespace
}  // namespace assay
