// `matrix`: which variants it makes, how they are called, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plan/differences.h"
#include "plan/plan.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Plan> parse(const std::string& matrix, const std::string& rest = "") {
  return parse_plan(
      "name: p\n" + rest + "matrix:\n" + matrix + "tasks: [{name: aime24, max_gen_toks: 64}]\n",
      "p.yaml", {{.name = "aime24"}});
}

std::vector<std::string> names(const Result<Plan>& plan) {
  if (!plan) return {plan.error().to_string()};
  std::vector<std::string> out;
  for (const VariantSpec& variant : plan->variants) out.push_back(variant.name);
  return out;
}

const std::string kTwoModels = "  models: [{name: bf16, model: a}, {name: fp8, model: b}]\n";

TEST(Matrix, MakesEveryCombinationNamedAfterItsValues) {
  const auto plan = parse(kTwoModels +
                          "  engine: {kv_cache_dtype: [auto, fp8], tensor_parallel_size: [1, 2]}\n"
                          "  baseline: bf16-auto-tp1\n");
  EXPECT_THAT(names(plan),
              ElementsAre("bf16-auto-tp1", "bf16-auto-tp2", "bf16-fp8-tp1", "bf16-fp8-tp2",
                          "fp8-auto-tp1", "fp8-auto-tp2", "fp8-fp8-tp1", "fp8-fp8-tp2"));
  EXPECT_TRUE(plan->variants[0].baseline);
  EXPECT_FALSE(plan->variants[1].baseline);
  EXPECT_EQ(plan->variants[7].model, "b");
  EXPECT_EQ(plan->variants[7].engine_args,
            (nlohmann::json{{"kv_cache_dtype", "fp8"}, {"tensor_parallel_size", 2}}));
}

TEST(Matrix, NamedSetsOfArguments) {
  const auto plan = parse(
      "  models: [{name: m, model: a, engine: {seed: 7}}]\n"
      "  engine:\n"
      "    speculation:\n"
      "      none: {}\n"
      "      ngram: {speculative_config: {method: ngram, num_speculative_tokens: 3}}\n"
      "    enable_prefix_caching: [true, false]\n"
      "  baseline: m-none-enable_prefix_caching_false\n");
  EXPECT_THAT(
      names(plan),
      ElementsAre("m-none-enable_prefix_caching_true", "m-none-enable_prefix_caching_false",
                  "m-ngram-enable_prefix_caching_true", "m-ngram-enable_prefix_caching_false"));
  EXPECT_EQ(plan->variants[3].engine_args,
            (nlohmann::json{
                {"seed", 7},
                {"enable_prefix_caching", false},
                {"speculative_config", {{"method", "ngram"}, {"num_speculative_tokens", 3}}}}));
}

TEST(Matrix, ExcludesWhereAllOfItsValuesMeet) {
  EXPECT_THAT(names(parse(kTwoModels + "  engine: {kv_cache_dtype: [auto, fp8]}\n"
                                       "  exclude: [{model: fp8, kv_cache_dtype: fp8}]\n"
                                       "  baseline: bf16-auto\n")),
              ElementsAre("bf16-auto", "bf16-fp8", "fp8-auto"));
}

TEST(Matrix, StandsBesideVariantsOfAList) {
  const auto plan = parse("  models: [{name: fp8, model: b}]\n",
                          "variants: [{name: bf16, model: a, baseline: true}]\n");
  EXPECT_THAT(names(plan), ElementsAre("bf16", "fp8"));
  EXPECT_TRUE(plan->variants[0].baseline);
}

// A matrix, and what is said of it.
struct Refused {
  std::string matrix;
  std::string what;
  std::string hint;
};

TEST(Matrix, RefusesWhatCannotBeMeant) {
  const std::string engine = kTwoModels + "  engine: ";
  const std::vector<Refused> cases = {
      {kTwoModels, "p.yaml:3:3: no variant is the baseline", "add 'baseline: fp8'"},
      {kTwoModels + "  baseline: b\n", "p.yaml:4:13: no variant is named 'b'", "'fp8'"},
      {"  engine: {dtype: [a]}\n", "p.yaml:3:3: matrix.models is missing", "add 'models:'"},
      {"  models: [{name: a, model: m, baseline: true}]\n",
       "p.yaml:3:12: model 'a' cannot be the baseline", "matrix.baseline"},
      {engine + "{kind: [vllm]}\n", "p.yaml:4:18: kind cannot differ between variants", "argument"},
      {engine + "{max_num_seq: [1]}\n", "p.yaml: unknown key 'max_num_seq' in matrix.engine",
       "max_num_seqs"},
      {engine + "{max_num_seqs: [0]}\n",
       "p.yaml:4:27: matrix.engine.max_num_seqs.max_num_seqs must be at least 1", ""},
      {engine + "{speculative_config: [{method: ngram}]}\n",
       "p.yaml:4:33: matrix.engine.speculative_config holds a value without a name", "NAME:"},
      {engine + "{dtype: {}}\n", "p.yaml:4:19: matrix.engine.dtype is empty", "list of values"},
      {engine + "{dtype: ['a b']}\n", "p.yaml:3:3: 'bf16-a b' cannot be the name of a variant",
       "SETTING"},
      {engine + "{dtype: [a, a]}\n", "p.yaml:3:3: two variants are named 'bf16-a'", "rename"},
      {engine + "{dtype: [a]}\n  exclude: [{dtype: b}]\n", "p.yaml:5:21: dtype has no value 'b'",
       "one of: a"},
      {engine + "{dtype: [a]}\n  exclude: [{}]\n", "p.yaml:5:13: matrix.exclude[0] is empty",
       "must not meet"},
      {engine + "{dtype: [a]}\n  exclude: [{dtype: a}]\n",
       "p.yaml:3:3: the matrix makes no variant", "exclude"},
  };
  for (const Refused& one : cases) {
    const auto plan = parse(one.matrix);
    ASSERT_FALSE(plan) << one.matrix;
    EXPECT_EQ(plan.error().kind, ErrorKind::usage);
    EXPECT_EQ(plan.error().what, one.what);
    EXPECT_THAT(plan.error().to_string(), HasSubstr(one.hint));
  }
}

TEST(Matrix, OfMoreVariantsThanAnybodyCouldReadIsRefused) {
  std::string engine = "  engine: {";
  for (const char* key : {"a", "b", "c", "d", "e", "f"}) {
    engine += std::string(key) + ": [1, 2, 3, 4, 5, 6, 7, 8], ";  // 2 * 8^6 = 524,288
  }
  const auto plan = parse(kTwoModels + engine + "}\n  baseline: bf16\n");
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().what, "p.yaml:3:3: the matrix makes more than 100000 variants");
}

FrozenPlan frozen(const std::string& matrix, const std::vector<std::string>& fingerprints) {
  FrozenPlan out;
  out.plan = *parse(matrix, "engine: {max_model_len: 4096}\n");
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    const VariantSpec& spec = out.plan.variants[i];
    out.variants.push_back({spec.name, spec.model, "", fingerprints[i], spec.baseline});
  }
  return out;
}

TEST(Differences, AreTheArgumentsThatAreNotTheSameForAll) {
  const FrozenPlan two = frozen(
      "  models: [{name: m, model: a}]\n"
      "  engine: {kv: {plain: {}, fp8: {kv_cache_dtype: fp8}}}\n  baseline: m-plain\n",
      {"f", "f"});
  const auto settings = settings_that_differ(two);
  ASSERT_EQ(settings.size(), 2U);
  EXPECT_EQ(settings_text(settings[0]), "default");
  EXPECT_EQ(settings_text(settings[1]), "kv_cache_dtype fp8");
  EXPECT_TRUE(precision_differs(two));
}

TEST(Differences, OfServingAloneAreNoneOfPrecision) {
  const std::string matrix =
      "  models: [{name: m, model: a}]\n"
      "  engine: {enable_prefix_caching: [true, false], max_num_seqs: [64]}\n"
      "  baseline: m-enable_prefix_caching_true-max_num_seqs_64\n";
  EXPECT_FALSE(precision_differs(frozen(matrix, {"f", "f"})));
  EXPECT_EQ(settings_text(settings_that_differ(frozen(matrix, {"f", "f"}))[1]),
            "enable_prefix_caching false");
  EXPECT_TRUE(precision_differs(frozen(matrix, {"f", "g"})));
  EXPECT_TRUE(precision_differs(frozen(matrix, {"", ""})));  // not known: they may differ
}

}  // namespace
}  // namespace assay
