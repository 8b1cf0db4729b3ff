#include "engine/fingerprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/engine.h"

namespace assay::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;
using ::testing::HasSubstr;

// One float32 tensor of one element: a header of 62 bytes and 4 bytes of data.
const std::string kHeader = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}        )";
const std::string kWeights = "\x3e\0\0\0\0\0\0\0"s + kHeader + "abcd";

class FingerprintTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(kHeader.size(), 0x3e);
    write("config.json", "{}");
    write("tokenizer.json", "tok");
    write("model.safetensors", kWeights);
  }

  // An hour old, unless told otherwise.
  void write(const std::string& name, const std::string& text, int age_s = 3600) {
    write_text(model_ / name, text);
    fs::last_write_time(model_ / name, fs::file_time_type::clock::now() - seconds(age_s));
  }

  ModelFingerprint fingerprint() { return must(fingerprint_model(model_, cache_)); }

  std::string error_without(const std::string& name) {
    const std::string kept = read_text(model_ / name);
    fs::remove(model_ / name);
    const Status checked = check_model_folder(model_);
    write(name, kept);
    if (checked) return "no error";
    EXPECT_EQ(checked.error().kind, ErrorKind::usage);
    return checked.error().what;
  }

  TempFolder folder_;
  fs::path model_ = folder_ / "model";
  fs::path cache_ = folder_ / "cache/hashes.json";
};

TEST_F(FingerprintTest, HashesAreThoseOfSha256sum) {
  const ModelFingerprint found = fingerprint();
  ASSERT_EQ(found.files.size(), 3);
  // printf '{}' | sha256sum; printf tok | sha256sum
  EXPECT_EQ(found.files[0].name, "config.json");
  EXPECT_EQ(found.files[0].sha256,
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  EXPECT_EQ(found.files[2].name, "tokenizer.json");
  EXPECT_EQ(found.files[2].sha256,
            "1a7674eb4ee78df7e1ac439a93c3fa8e3c945784d4dec9fd8e3011738b2f1d62");
  EXPECT_EQ(found.bytes, 2 + 3 + 8 + 62 + 4);
  // sha256sum * | sha256sum
  EXPECT_EQ(found.sha256, "12aecc606c9e656d7f2b27dae9e2350656b0a7ce1121d024e89c7816417dfe88");
}

TEST_F(FingerprintTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(error_without("config.json"), HasSubstr("has no config.json"));
  EXPECT_THAT(error_without("model.safetensors"), HasSubstr("has no weights"));
  EXPECT_THAT(error_without("tokenizer.json"), HasSubstr("has no tokenizer"));
  EXPECT_TRUE(check_model_folder(model_));
  const Status nowhere = check_model_folder(folder_ / "nowhere");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, ErrorKind::usage);
  EXPECT_THAT(nowhere.error().what, HasSubstr("nowhere"));
}

TEST_F(FingerprintTest, DummyWeightsNeedNoFile) {
  fs::remove(model_ / "model.safetensors");
  EXPECT_FALSE(check_model_folder(model_));
  EXPECT_TRUE(check_model_folder(model_, Weights::any));
}

TEST_F(FingerprintTest, OtherKindsOfTokenizerAndWeightsWillDo) {
  fs::remove(model_ / "tokenizer.json");
  write("vocab.json", "{}");
  EXPECT_FALSE(check_model_folder(model_));
  write("merges.txt", "");
  EXPECT_TRUE(check_model_folder(model_));
  fs::remove(model_ / "model.safetensors");
  write("training_args.bin", "x");
  EXPECT_FALSE(check_model_folder(model_));
  write("pytorch_model.bin", "x");
  EXPECT_TRUE(check_model_folder(model_));
}

TEST_F(FingerprintTest, AMissingShardIsNamed) {
  write("model.safetensors.index.json",
        R"({"weight_map":{"a":"model.safetensors","b":"model-00002-of-00002.safetensors"}})");
  const Status checked = check_model_folder(model_);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().what, HasSubstr("model-00002-of-00002.safetensors"));
}

TEST_F(FingerprintTest, WeightsCutShortAreFoundFromTheHeader) {
  for (const std::string& text :
       {kWeights.substr(0, kWeights.size() - 1), kWeights.substr(0, 20), kWeights.substr(0, 4),
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"s, kWeights + "x"}) {
    write("model.safetensors", text);
    const Status checked = check_model_folder(model_);
    ASSERT_FALSE(checked) << text;
    EXPECT_THAT(checked.error().what, HasSubstr("model.safetensors is no whole safetensors file"));
  }
}

TEST_F(FingerprintTest, ALinkToNothingIsFound) {
  fs::create_symlink("../blobs/gone", model_ / "model-2.safetensors");
  EXPECT_THAT(check_model_folder(model_).error().what, HasSubstr("points to nothing"));
}

TEST_F(FingerprintTest, EveryFileTheEngineReadsCounts) {
  const std::string before = fingerprint().sha256;
  write("README.md", "for people");
  write("LICENSE", "for lawyers");
  write(".gitattributes", "for git");
  write("picture.png", "for eyes");
  write("pytorch_model.bin", "the same weights once more");
  EXPECT_EQ(fingerprint().sha256, before);
  write("config.json", "{} ");
  const std::string config_changed = fingerprint().sha256;
  EXPECT_NE(config_changed, before);
  write("chat_template.jinja", "{{ messages }}");
  const std::string with_template = fingerprint().sha256;
  EXPECT_NE(with_template, config_changed);
  write("additional_chat_templates/tools.jinja", "x");
  EXPECT_NE(fingerprint().sha256, with_template);
}

TEST_F(FingerprintTest, ARenamedFileIsAnotherModel) {
  const std::string before = fingerprint().sha256;
  fs::rename(model_ / "model.safetensors", model_ / "model2.safetensors");
  EXPECT_NE(fingerprint().sha256, before);
}

TEST_F(FingerprintTest, HashesAreCachedUntilTheFileChanges) {
  const ModelFingerprint first = fingerprint();
  EXPECT_EQ(first.hashed_files, 3);
  const ModelFingerprint second = fingerprint();
  EXPECT_EQ(second.hashed_files, 0);
  EXPECT_EQ(second.sha256, first.sha256);
  write("tokenizer.json", "TOK", 1800);  // same size, other time
  const ModelFingerprint third = fingerprint();
  EXPECT_EQ(third.hashed_files, 1);
  EXPECT_NE(third.sha256, first.sha256);
  // Replaced by a file of the same size and time: the inode tells.
  const auto time = fs::last_write_time(model_ / "tokenizer.json");
  write_text(model_ / "new", "kot");
  fs::last_write_time(model_ / "new", time);
  fs::rename(model_ / "new", model_ / "tokenizer.json");
  EXPECT_EQ(fingerprint().hashed_files, 1);
}

TEST_F(FingerprintTest, AFileJustWrittenIsNotRemembered) {
  write("tokenizer.json", "tok", 0);
  fingerprint();
  EXPECT_EQ(fingerprint().hashed_files, 1);
}

TEST_F(FingerprintTest, ABrokenCacheIsMadeAnew) {
  const std::string hash = fingerprint().sha256;
  for (const std::string& text : {""s, "{"s, "[]"s, R"({"version":2,"files":{}})"s,
                                  R"({"version":1,"files":{")" + (model_ / "config.json").string() +
                                      R"(":{"bytes":2,"sha256":7}}})"}) {
    write_text(cache_, text);
    const ModelFingerprint again = fingerprint();
    EXPECT_EQ(again.sha256, hash);
    EXPECT_EQ(again.hashed_files, 3) << text;
    EXPECT_EQ(fingerprint().hashed_files, 0);
  }
  EXPECT_EQ(must(fingerprint_model(model_, "")).sha256, hash) << "and none is needed";
}

TEST_F(FingerprintTest, AHubCacheNamesTheHash) {
  const std::string before = fingerprint().sha256;
  // sha256sum of kWeights
  const std::string blob = "4d65c8bb0e9e2d9350806975661375faffa2f0df8655a70f2e443fe367e7b695";
  write_text(folder_ / "hub/blobs" / blob, kWeights);
  fs::remove(model_ / "model.safetensors");
  fs::create_directories(folder_ / "hub/snapshots/r");
  fs::create_symlink("../../blobs/" + blob, folder_ / "hub/snapshots/r/model.safetensors");
  for (const char* name : {"config.json", "tokenizer.json"}) {
    fs::rename(model_ / name, folder_ / "hub/snapshots/r" / name);
  }
  const ModelFingerprint found = must(fingerprint_model(folder_ / "hub/snapshots/r", ""));
  EXPECT_EQ(found.sha256, before);
  EXPECT_EQ(found.hashed_files, 2);
}

}  // namespace
}  // namespace assay::testing
