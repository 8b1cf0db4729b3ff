// Pickles are Python 3.11's own, written with pickle.dumps(value, protocol) and printed with repr.
#include "data/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "data/unpack.h"

namespace assay {
namespace {

using nlohmann::json;
using testing::HasSubstr;

template <std::size_t N>
std::string bytes(const char (&text)[N]) {
  return std::string(text, N - 1);  // with the zeros inside
}

std::string dumped(const std::string& pickle) {
  const Result<json> value = unpickle(pickle, "here");
  return value ? value->dump() : value.error().why;
}

// {"a": [1, -2, 300, 70000, 3.5, True, None, "é", (1,), (1, 2), (1, 2, 3), (), []], "b": b"xy"}
constexpr const char* kExpected =
    R"({"a":[1,-2,300,70000,3.5,true,null,"é",[1],[1,2],[1,2,3],[],[]],"b":"xy"})";

TEST(Pickle, Protocol3) {
  EXPECT_EQ(dumped(bytes("\x80\x03}q\x00(X\x01\x00\x00\x00"
                         "aq\x01]q\x02(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00G@\x0c\x00\x00\x00"
                         "\x00\x00\x00\x88NX\x02\x00\x00\x00\xc3\xa9q\x03K\x01\x85q\x04K\x01K\x02"
                         "\x86q\x05K\x01K\x02K\x03\x87q\x06)]q\x07"
                         "eX\x01\x00\x00\x00"
                         "bq\x08"
                         "C\x02xyq\tu.")),
            kExpected);
}

TEST(Pickle, Protocols4And5) {
  const std::string body = bytes(
      "\x95J\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01"
      "a\x94]\x94(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00G@\x0c\x00\x00\x00\x00\x00\x00\x88N\x8c"
      "\x02\xc3\xa9\x94K\x01\x85\x94K\x01K\x02\x86\x94K\x01K\x02K\x03\x87\x94)]\x94"
      "e\x8c\x01"
      "b\x94"
      "C\x02xy\x94u.");
  EXPECT_EQ(dumped("\x80\x04" + body), kExpected);
  EXPECT_EQ(dumped("\x80\x05" + body), kExpected);
}

// {"a": [1, -2, 300, 70000, 3.5, True, None, "é\n", (1,), (1, 2), ()], "c": 2**40}
constexpr const char* kOldExpected =
    R"({"a":[1,-2,300,70000,3.5,true,null,"é\n",[1],[1,2],[]],"c":1099511627776})";

TEST(Pickle, Protocols0To2) {
  EXPECT_EQ(dumped(bytes(
                "(dp0\nVa\np1\n(lp2\nI1\naI-2\naI300\naI70000\naF3.5\naI01\naNaV\xe9\\u000a\np3\n"
                "a(I1\ntp4\na(I1\nI2\ntp5\na(tasVc\np6\nL1099511627776L\ns.")),
            kOldExpected);
  EXPECT_EQ(
      dumped(bytes("}q\x00(X\x01\x00\x00\x00"
                   "aq\x01]q\x02(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00G@\x0c\x00\x00\x00"
                   "\x00\x00\x00I01\nNX\x03\x00\x00\x00\xc3\xa9\nq\x03(K\x01tq\x04(K\x01K\x02t"
                   "q\x05)eX\x01\x00\x00\x00"
                   "cq\x06L1099511627776L\nu.")),
      kOldExpected);
  EXPECT_EQ(dumped(bytes("\x80\x02}q\x00(X\x01\x00\x00\x00"
                         "aq\x01]q\x02(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00G@\x0c\x00\x00\x00"
                         "\x00\x00\x00\x88NX\x03\x00\x00\x00\xc3\xa9\nq\x03K\x01\x85q\x04K\x01K\x02"
                         "\x86q\x05)eX\x01\x00\x00\x00"
                         "cq\x06\x8a\x06\x00\x00\x00\x00\x00\x01u.")),
            kOldExpected);
}

TEST(Pickle, SharedListChangedAfterItWasMemoized) {
  // l = [1]; pickle.dumps([l, l], 2): the memo names the list while it is still empty.
  EXPECT_EQ(dumped(bytes("\x80\x02]q\x00(]q\x01K\x01"
                         "ah\x01"
                         "e.")),
            "[[1],[1]]");
}

TEST(Pickle, NegativeAndEmptyLongs) {
  EXPECT_EQ(dumped(bytes("\x80\x02\x8a\x01\xff.")), "-1");
  EXPECT_EQ(dumped(bytes("\x80\x02\x8a\x00.")), "0");
  EXPECT_EQ(dumped(bytes("\x80\x02\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.")),
            "-9223372036854775808");
}

TEST(Pickle, Python2String) {
  EXPECT_EQ(dumped("S'a\\'b\\x41\\n\\\\'\n."), R"("a'bA\n\\")");
}

struct Refused {
  const char* name;
  std::string pickle;
  const char* why;
};
void PrintTo(const Refused& r, std::ostream* out) {
  *out << r.name;
}

std::string refused_name(const testing::TestParamInfo<Refused>& info) {
  return info.param.name;
}

class PickleRefused : public testing::TestWithParam<Refused> {};

TEST_P(PickleRefused, IsAnErrorThatSaysWhy) {
  const Result<json> value = unpickle(GetParam().pickle, "row 1");
  ASSERT_FALSE(value.has_value()) << value->dump();
  EXPECT_EQ(value.error().kind, ErrorKind::usage);
  EXPECT_EQ(value.error().what, "row 1 is no pickle of plain data");
  EXPECT_THAT(value.error().why, HasSubstr(GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(
    Malicious, PickleRefused,
    testing::Values(
        // class E: __reduce__ = lambda self: (os.system, ("true",)), protocols 4 and 0
        Refused{
            "StackGlobal",
            bytes("\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94"
                  "\x93\x94\x8c\x04true\x94\x85\x94R\x94."),
            "opcode STACK_GLOBAL is not allowed"},
        Refused{"Global", "cposix\nsystem\np0\n(Vtrue\np1\ntp2\nRp3\n.",
                "opcode GLOBAL is not allowed"},
        Refused{"Reduce", "]]R.", "opcode REDUCE is not allowed"},
        Refused{"Build", "]]b.", "opcode BUILD is not allowed"},
        Refused{"Inst", "(iposix\nsystem\n.", "opcode INST is not allowed"},
        Refused{"Obj", "(o.", "opcode OBJ is not allowed"},
        Refused{"NewObj", bytes("]]\x81."), "opcode NEWOBJ is not allowed"},
        Refused{"NewObjEx", bytes("]]}\x92."), "opcode NEWOBJ_EX is not allowed"},
        Refused{"Ext1", bytes("\x82\x01."), "opcode EXT1 is not allowed"},
        Refused{"Ext2", bytes("\x83\x01\x00."), "opcode EXT2 is not allowed"},
        Refused{"Ext4", bytes("\x84\x01\x00\x00\x00."), "opcode EXT4 is not allowed"},
        Refused{"PersId", "P1\n.", "opcode PERSID is not allowed"},
        Refused{"BinPersId", "]Q.", "opcode BINPERSID is not allowed"},
        // [bytearray(b"q"), {1}, frozenset([1])], protocol 5
        Refused{
            "Set",
            bytes("\x80\x05\x95\x1b\x00\x00\x00\x00\x00\x00\x00]\x94(\x96\x01\x00\x00\x00\x00\x00"
                  "\x00\x00q\x94\x8f\x94(K\x01\x90(K\x01\x91\x94"
                  "e."),
            "opcode EMPTY_SET is not allowed"},
        Refused{"NextBuffer", bytes("\x97."), "opcode NEXT_BUFFER is not allowed"},
        Refused{"Unknown", bytes("\xff."), "opcode 0xff is not allowed"}),
    refused_name);

std::string laughs() {  // ten lists, each holding the one before ten times
  std::string out = "]";
  for (int i = 0; i < 20; ++i) {
    out += std::string("q") + static_cast<char>(i) + "0(";  // keep it in the memo only
    for (int k = 0; k < 10; ++k) out += std::string("h") + static_cast<char>(i);
    out += "l";
  }
  return out + ".";
}

INSTANTIATE_TEST_SUITE_P(
    Damaged, PickleRefused,
    testing::Values(
        Refused{"Empty", "", "cut off"}, Refused{"NoStop", "N", "cut off"},
        Refused{"Trailing", "N.N", "bytes follow its end"},
        Refused{"NothingLeft", ".", "one value"}, Refused{"TwoLeft", "NN.", "one value"},
        Refused{"MarkLeft", "(.", "one value"}, Refused{"NoMark", "Nt.", "a mark is missing"},
        Refused{"Underflow", "a.", "a value is missing"},
        Refused{"PopNothing", "0.", "a value is missing"},
        Refused{"AppendToText", bytes("U\x01xNa."), "no list or dict"},
        Refused{"OddDict", "}(Nu.", "a key without a value"},
        Refused{"KeyNotText", "}NNs.", "a dict key that is not text"},
        Refused{"KeyList", "}]Ns.", "a dict key that is not text"},
        Refused{"NoMemo", bytes("h\x05."), "a memo that is not there"},
        Refused{"MemoText", "g1x\n.", "a bad memo number"},
        Refused{"TextTooLong", bytes("X\xff\xff\xff\xff"), "cut off"},
        Refused{"TextHuge", bytes("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"), "cut off"},
        Refused{"FrameHuge", bytes("\x95\xff\xff\xff\xff\xff\xff\xff\xff."), "cut off"},
        Refused{"Protocol9", bytes("\x80\x09N."), "protocol 9"},
        Refused{"NotUtf8", bytes("U\x01\xff."), "not UTF-8"},
        Refused{"Surrogate", "V\\ud800\n.", "not UTF-8"}, Refused{"BadEscape", "V\\u12\n.", "text"},
        Refused{"BadInteger", "Ix\n.", "a bad integer"}, Refused{"NoLine", "I1", "cut off"},
        Refused{"LongTooLong", bytes("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01."), "64 bits"},
        Refused{"Nan", bytes("G\x7f\xf8\x00\x00\x00\x00\x00\x00."), "not finite"},
        Refused{"Inf", "Finf\n.", "not finite"},
        // r = []; r.append(r); pickle.dumps(r, 2)
        Refused{"ContainsItself",
                bytes("\x80\x02]q\x00h\x00"
                      "a."),
                "contains itself"},
        Refused{"Deep", std::string(102, ']') + std::string(101, 'a') + ".", "nested too deeply"},
        Refused{"Laughs", laughs(), "too large once shared values are written out"},
        Refused{"ManyMarks", std::string(1'100'000, '('), "too large"}),
    refused_name);

TEST(Pickle, EveryPrefixOfAGoodOneIsRefused) {
  const std::string good = bytes(
      "\x80\x02}q\x00(X\x01\x00\x00\x00"
      "aq\x01]q\x02(K\x01\x8a\x01\xffNeu.");
  ASSERT_TRUE(unpickle(good, "x").has_value());
  for (std::size_t n = 0; n < good.size(); ++n) {
    EXPECT_FALSE(unpickle(std::string_view(good).substr(0, n), "x").has_value()) << n;
  }
}

TEST(Pickle, ChangedBytesNeverCrash) {
  const std::string good = bytes(
      "\x80\x02}q\x00(X\x01\x00\x00\x00"
      "aq\x01]q\x02(K\x01\x8a\x01\xffNeu.");
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = good;
      changed[i] = static_cast<char>(byte);
      (void)unpickle(changed, "x");
    }
  }
}

// base64.b64encode(zlib.compress(pickle.dumps(value))): value is the JSON text, or a dict with it.
constexpr const char* kText =
    "eJxrYJlqxwABPVbR1UqZeQWlJUpWCkqGCkYxeUo6Ckr5pSVQIWOIQElqcUlJZUEqSKi4JCUzT6k2dooeALEqFJ0=";
constexpr const char* kDict =
    "eJxrYJlqyQABtVN6eDLzCkpL4vNLS4DUlB7laiWwQLGSlUK0kqFSrI6CEkQOImKkFFs7pVgPAMlwFVY=";

TEST(PrivateTests, TextAndDict) {
  EXPECT_EQ(private_tests_json(kText, "x").value(),
            R"([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}])");
  EXPECT_EQ(private_tests_json(kDict, "x").value(), R"({"inputs": ["1"], "outputs": ["2"]})");
  EXPECT_EQ(unpickle_base64_zlib(kDict, "x").value(),
            json({{"input_output", R"({"inputs": ["1"], "outputs": ["2"]})"}}));
}

TEST(PrivateTests, DamagedLayersAreNamed) {
  const std::string text = kText;
  EXPECT_EQ(private_tests_json(text.substr(0, text.size() - 1), "x").error().why,
            "its base64 is cut off");
  EXPECT_EQ(private_tests_json("not base64!", "x").error().why, "it is not base64");
  EXPECT_EQ(private_tests_json(text.substr(0, 40), "x").error().why, "its zlib data is cut off");
  EXPECT_EQ(private_tests_json("AAAA", "x").error().what, "x cannot be unpacked");
  EXPECT_EQ(private_tests_json("", "x").error().why, "its zlib data is cut off");
}

TEST(Unpack, Base64) {  // RFC 4648, section 10
  EXPECT_EQ(decode_base64("", "x").value(), "");
  EXPECT_EQ(decode_base64("Zg==", "x").value(), "f");
  EXPECT_EQ(decode_base64("Zm8=", "x").value(), "fo");
  EXPECT_EQ(decode_base64("Zm9v\nYmFy", "x").value(), "foobar");
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "Zm8", "Zm9v=", "Zm9vYg==Zg==", "Zm 9v"}) {
    EXPECT_FALSE(decode_base64(bad, "x").has_value()) << bad;
  }
}

TEST(Unpack, ZlibIsBounded) {
  // zlib.compress(b"x" * 1000), Python 3.11
  const std::string packed = decode_base64("eJyrqBgFo2AUDHcAAKr01NA=", "x").value();
  EXPECT_EQ(inflate_zlib(packed, 1000, "x").value(), std::string(1000, 'x'));
  EXPECT_FALSE(inflate_zlib(packed, 999, "x").has_value());
  EXPECT_EQ(inflate_zlib(packed + "!", 1000, "x").error().why, "bytes follow its zlib data");
}

}  // namespace
}  // namespace assay
