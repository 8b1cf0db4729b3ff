#include "cli/folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(CacheVariables, FollowTheCacheFolderOfThePlan) {
  const Environment set = {{"XDG_CACHE_HOME", "/data/bench/hf"},
                           {"TMPDIR", "/data/bench/tmp"},
                           {"TRITON_CACHE_DIR", "/fast/triton"}};
  EXPECT_THAT(cache_variables(set, "/data/bench/run", true),
              ElementsAre(Pair("CUDA_CACHE_PATH", "/data/bench/hf/nv"),
                          Pair("TORCHINDUCTOR_CACHE_DIR", "/data/bench/hf/inductor"),
                          Pair("VLLM_CACHE_ROOT", "/data/bench/hf/vllm")));
}

TEST(CacheVariables, GoToTheOutputsDiskWhenThatIsAnother) {
  const Environment out = cache_variables({{"HF_HOME", "/models"}}, "/data/run", true);
  EXPECT_EQ(out.at("XDG_CACHE_HOME"), "/data/cache");
  EXPECT_EQ(out.at("TMPDIR"), "/data/cache/tmp");
  EXPECT_EQ(out.at("TRITON_CACHE_DIR"), "/data/cache/triton");
  EXPECT_FALSE(out.contains("HF_HOME"));
  EXPECT_THAT(cache_variables({{"HF_HOME", ""}}, "/root/run", false), IsEmpty());
  // A socket's name in a long TMPDIR would not fit.
  EXPECT_FALSE(
      cache_variables({}, "/data/" + std::string(60, 'x') + "/run", true).contains("TMPDIR"));
}

TEST(CheckSpace, AsksForMoreOnTheRootDisk) {
  const std::uint64_t gib = 1UL << 30;
  EXPECT_TRUE(check_space("the run", "/data/run", {"/data", gib}).has_value());
  EXPECT_TRUE(check_space("the run", "/run", {"/", 2 * gib}).has_value());
  const Status root = check_space("HF_HOME", "/root/hf", {"/", 2 * gib - 1});
  ASSERT_FALSE(root.has_value());
  EXPECT_EQ(root.error().kind, ErrorKind::environment);
  EXPECT_EQ(root.error().what, "too little space for HF_HOME in /root/hf");
  EXPECT_THAT(root.error().why, HasSubstr("on the root file system"));
  EXPECT_FALSE(check_space("the run", "/data/run", {"/data", gib - 1}).has_value());
}

}  // namespace
}  // namespace assay
