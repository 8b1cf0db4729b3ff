#include "base/unicode.h"

#include <gtest/gtest.h>

#include <string>

#include "base/ascii.h"

namespace assay {
namespace {

TEST(Unicode, InvalidBytesAreOneReplacementEach) {
  const std::string text = "a\xFF\xE7\xAD\x94\xE7";
  EXPECT_EQ(count_code_points(text), 4U);
  EXPECT_EQ(code_point_at(text, 1).value, 0xFFFDU);
  EXPECT_EQ(code_point_at(text, 2).value, 0x7B54U);
  EXPECT_EQ(code_point_before(text, 5).value, 0x7B54U);
}

TEST(Unicode, StripTakesUnicodeSpace) {
  EXPECT_EQ(python_strip(" \t\xc2\xa0 a b\xe3\x80\x80\n"), "a b");
  EXPECT_EQ(python_strip("\xe2\x80\x8b x"), "\xe2\x80\x8b x");  // zero width: no white space
  EXPECT_EQ(python_strip(" \n"), "");
}

// The sets as Python 3.11 says: [c for c in map(chr, range(128)) if c.isspace()], and isspace(3) in
// the C locale.
TEST(Ascii, SpacesAreThreeSets) {
  const auto members = [](bool (*is_member)(char)) {
    std::string found;
    for (int c = 0; c < 256; ++c) {
      if (is_member(static_cast<char>(c))) found += static_cast<char>(c);
    }
    return found;
  };
  EXPECT_EQ(members(is_json_space), "\t\n\r ");
  EXPECT_EQ(members(is_c_space), "\t\n\v\f\r ");
  EXPECT_EQ(members(is_python_space), "\t\n\v\f\r\x1c\x1d\x1e\x1f ");
  EXPECT_EQ(members(is_digit), "0123456789");
  EXPECT_EQ(members(is_word_char),
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");
}

// RFC 8259, section 8.2: the grammar allows a lone half of a pair, which no UTF-8 can hold.
TEST(MendSurrogates, LoneHalvesAlone) {
  EXPECT_EQ(mend_surrogates(R"("a \ud83d b")"), R"("a \ufffd b")");
  EXPECT_EQ(mend_surrogates(R"("\ude00")"), R"("\ufffd")");
  EXPECT_EQ(mend_surrogates(R"("\ud83d\ude00")"), R"("\ud83d\ude00")");
  EXPECT_EQ(mend_surrogates(R"("\uD83D\uD83D\uDE00")"), R"("\ufffd\uD83D\uDE00")");
  EXPECT_EQ(mend_surrogates(R"("\\ud83d")"), R"("\\ud83d")");  // an escaped backslash
  EXPECT_EQ(mend_surrogates(R"("\u00e9\ud83")"), R"("\u00e9\ud83")");
  EXPECT_EQ(mend_surrogates("\"\\"), "\"\\");
}

}  // namespace
}  // namespace assay
