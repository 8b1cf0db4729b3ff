#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "values/item_list.h"
#include "values/load_facts.h"
#include "values/program.h"
#include "values/request.h"
#include "values/score.h"

namespace assay {
namespace {

TEST(Values, ResponseKeepsEverything) {
  Response r;
  r.text = "é\n";
  r.token_ids = {1, 2};
  r.finish_reason = FinishReason::length;
  r.stop_reason = "Q:";
  r.loglikelihoods = {{-std::numeric_limits<double>::infinity(), true, 3}, {-0.1, false, 1}};
  r.positions = {{7, -0.25, 1, {7, 8}, {-0.25, -std::numeric_limits<double>::infinity()}}};
  r.prompt_tokens = 12;
  r.decode_s = 0.5;
  r.in_flight = 9;
  const Response back = response_from_json(nlohmann::json::parse(to_json(r).dump()));
  EXPECT_EQ(to_json(back).dump(), to_json(r).dump());
  EXPECT_EQ(back.loglikelihoods[0].sum, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(back.positions[0].top_logprobs[1], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(back.finish_reason, FinishReason::length);
  EXPECT_EQ(back.in_flight, 9);
}

TEST(Values, ScoreAndRenderedKeepEverything) {
  Score s;
  s.outcome = Outcome::scored;
  s.metrics = {{"robust", 1.0}, {"lm_eval", 0.0}};
  s.truncated = true;
  s.confidence = Confidence{0.5};
  s.month = "2024-03";
  s.substeps = Substeps{1, 2};
  s.remarks = {{"verdict", "passed"}};
  EXPECT_EQ(to_json(score_from_json(to_json(s))).dump(), to_json(s).dump());
  Rendered r{"text", {1, 2}, {{{1, 2, 3}, 2}}};
  EXPECT_EQ(to_json(rendered_from_json(to_json(r))).dump(), to_json(r).dump());
}

// As release 0.1.0 stored them (docs/store.md).
TEST(Values, FiguresOfAScoreAreReadByTheirNames) {
  nlohmann::json stored = to_json(Score{});
  stored["extra"] = {{"confidence", nullptr}, {"answer_type", "exactMatch"}};
  const Score silent = score_from_json(stored);
  ASSERT_TRUE(silent.confidence);
  EXPECT_FALSE(silent.confidence->stated);
  EXPECT_EQ(silent.remarks, (nlohmann::json{{"answer_type", "exactMatch"}}));
  EXPECT_EQ(to_json(silent), stored);
  stored["extra"] = {{"month", "2024-03"}, {"substeps", {{"passed", 1}, {"total", 3}}}};
  const Score code = score_from_json(stored);
  EXPECT_EQ(code.month, "2024-03");
  EXPECT_EQ(code.substeps->passed, 1);
  EXPECT_EQ(code.substeps->total, 3);
  EXPECT_FALSE(code.confidence);
  EXPECT_EQ(to_json(code), stored);
}

TEST(Values, AScoreCarriesAsManyMetricsAsATaskHas) {
  Score s;
  s.outcome = Outcome::scored;
  s.metrics = {{"robust", 1}, {"lm_eval", 0}, {"strict-match", 0}, {"flexible-extract", 1}};
  EXPECT_EQ(score_from_json(to_json(s)).metrics, s.metrics);
}

// A load as release 0.1.0 stored it: kernels by name, no word of the checkpoint.
TEST(LoadFacts, ALoadOfTheLastReleaseIsRead) {
  const auto stored = nlohmann::json::parse(R"({
    "type": "loaded", "id": 3, "load_s": 12.5, "dtype": "bfloat16",
    "quantization": "compressed-tensors", "kernels": ["EmulatedNvFp4LinearKernel",
    "UnquantizedLinearMethod"], "attention_backend": "CPU_ATTN", "kv_cache_tokens": 182016,
    "max_model_len": 4096, "max_num_seqs": 64, "gpu_memory_bytes": 0,
    "engine": {"kernel_layers": "EmulatedNvFp4LinearKernel: 120", "log": "Using X for Y"},
    "versions": {"vllm": "0.32.0"}, "worker": "vllm", "generated_tokens": 400,
    "prompt_tokens": 900, "work_s": 20.25, "energy_j": 250.0,
    "by_in_flight": [{"from": 2, "to": 4, "seconds": 8.0, "tokens": 32.0}]})");
  const LoadFacts facts = load_facts_from_json(stored);
  EXPECT_EQ(facts.load_s, 12.5);
  EXPECT_EQ(facts.quantization, "compressed-tensors");
  EXPECT_EQ(facts.kernel_names(),
            (std::vector<std::string>{"EmulatedNvFp4LinearKernel", "UnquantizedLinearMethod"}));
  EXPECT_EQ(facts.kernels[0], KernelFact{.name = "EmulatedNvFp4LinearKernel"});
  EXPECT_FALSE(facts.emulated());  // nothing is told from a name
  EXPECT_EQ(facts.checkpoint, CheckpointFact{});
  EXPECT_EQ(facts.engine.at("log"), "Using X for Y");
  EXPECT_EQ(facts.versions.at("vllm"), "0.32.0");
  EXPECT_EQ(facts.by_in_flight, (std::vector<InFlightRow>{{2, 4, 8.0, 32.0}}));
  EXPECT_EQ(facts.energy_j, 250.0);
  EXPECT_EQ(facts.generated_tokens, 400);
}

TEST(LoadFacts, EverythingComesBack) {
  LoadFacts facts{.load_s = 2, .devices = {"NVIDIA H100", "NVIDIA H100"}};
  facts.kernels = {{"linear", "MarlinNvFp4LinearKernel", 4, 16, false, 112},
                   {"moe", "NewExperts", std::nullopt, std::nullopt, std::nullopt, 4}};
  facts.checkpoint = {4, 4};
  facts.fell_back = {"X, falling back to Y"};
  facts.gpu_memory_bytes = 17179869184;
  facts.work_s = 3;
  facts.parts = {{"imports", 21.5}, {"weights", 3}};
  facts.lowered = {{"gpu_memory_utilization", "0.92", "0.82"}};
  facts.gpu_use = GpuUse{.watched_s = 20, .busy_share = 0.5, .gaps = 1, .gaps_s = 2.5};
  const LoadFacts back = load_facts_from_json(to_json(facts));
  EXPECT_EQ(back.parts, facts.parts);
  EXPECT_EQ(back.lowered, facts.lowered);
  EXPECT_EQ(back.gpu_use, facts.gpu_use);
  EXPECT_EQ(back.devices, facts.devices);
  EXPECT_EQ(back.kernels, facts.kernels);
  EXPECT_EQ(back.checkpoint, facts.checkpoint);
  EXPECT_EQ(back.fell_back, facts.fell_back);
  EXPECT_EQ(back.gpu_memory_bytes, 17179869184);
  EXPECT_FALSE(back.energy_j);
  EXPECT_EQ(to_json(back), to_json(facts));
  EXPECT_THROW((void)load_facts_from_json({{"kernels", {1}}}), nlohmann::json::exception);
}

TEST(Values, LayoutErrorsThrowInsideTheRoomOnly) {
  EXPECT_THROW((void)response_from_json({{"text", 1}}), nlohmann::json::exception);
  EXPECT_STREQ(to_string(ProgramVerdict::no_code), "no code found");
}

TEST(Request, TokensToReadCountsEveryContinuation) {
  Rendered generate{"", {1, 2, 3}, {}};
  EXPECT_EQ(tokens_to_read(generate), 3);
  Rendered scored{"", {1, 2, 3}, {{{1, 2, 3, 4}, 3}, {{1, 2, 3, 5, 6}, 3}}};
  EXPECT_EQ(tokens_to_read(scored), 9);
}

// Rows are kept packed; what comes out is what went in, numbers and text to the last bit.
TEST(ItemList, GivesItemsAsTheyWere) {
  const nlohmann::json row = {{"question", "π \xff"}, {"level", -3},     {"big", 1ULL << 63},
                              {"share", 0.1},         {"none", nullptr}, {"list", {1, "a"}}};
  ItemList items = {{"a", "s", "g", row}, {"b", "", "", {}}, {"c", "t", "", {{"n", 3}}}};
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].row, row);
  EXPECT_EQ(items[0].row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
            row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  EXPECT_TRUE(items[1].row.is_null());
  std::vector<std::string> seen;
  for (const Item& item : items) seen.push_back(item.id + item.stratum + item.group);
  EXPECT_EQ(seen, (std::vector<std::string>{"asg", "b", "ct"}));
  items.set(1, {"B", "", "", {{"n", 2}}});
  const ItemList chosen = std::move(items).taken({2, 1});
  ASSERT_EQ(chosen.size(), 2U);
  EXPECT_EQ(chosen.id(0), "c");
  EXPECT_EQ(chosen[1].row.at("n"), 2);
}

}  // namespace
}  // namespace assay
