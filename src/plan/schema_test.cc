// The table of a plan's keys against the reader: what the one says of a key the other does.
#include "plan/schema.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.h"
#include "plan/plan_keys.h"

namespace assay {
namespace {

using nlohmann::json;
using Words = std::map<std::string, std::string>;  // key -> value, as YAML

const std::vector<KnownBenchmark>& some_benchmarks() {
  static const std::vector<KnownBenchmark> known = {{.name = "aime24", .lm_eval = "aime24"},
                                                    {.name = "math500", .lm_eval = "hendrycks"}};
  return known;
}

std::string flow(const Words& words) {
  std::string out;
  for (const auto& [key, value] : words) out += (out.empty() ? "" : ", ") + key + ": " + value;
  return "{" + out + "}";
}

// Values that kinds alone do not tell.
std::string sample_of(PlanMap map, const PlanKey& key) {
  const std::map<std::pair<PlanMap, std::string>, std::string> special = {
      {{PlanMap::top, "data"}, "hub"},
      {{PlanMap::top, "variants"}, "[{name: a, model: o/m, baseline: true}]"},
      {{PlanMap::top, "matrix"}, "{models: [{name: x, model: o/x}]}"},
      {{PlanMap::top, "tasks"}, "[{name: aime24, max_gen_toks: 8}]"},
      {{PlanMap::engine, "module"}, "some.module"},
      {{PlanMap::endpoint, "base_url"}, "http://h/v1"},
      {{PlanMap::endpoint, "api_key_env"}, "KEY"},
      {{PlanMap::engine, "max_model_len"}, "64"},
      {{PlanMap::endpoint, "max_model_len"}, "64"},
      {{PlanMap::task, "weight"}, "0.5"},
      {{PlanMap::task, "name"}, "math500"},
      {{PlanMap::task, "benchmark"}, "math500"},
      {{PlanMap::task, "data"}, "hub"},
      {{PlanMap::task, "expect"}, "{score: 50}"},
      {{PlanMap::matrix, "models"}, "[{name: x, model: o/x}]"},
      {{PlanMap::matrix, "engine"}, "{dtype: [auto, half]}"},
      {{PlanMap::matrix, "exclude"}, "[{model: x}]"},
      {{PlanMap::matrix, "baseline"}, "x"}};
  if (const auto found = special.find({map, key.name}); found != special.end()) {
    return found->second;
  }
  switch (key.kind) {
    case KeyKind::choice:
      return key.choices.front();
    case KeyKind::flag:
      return "true";
    case KeyKind::whole:
      return fmt::format("{:g}", key.least.value_or(1));
    case KeyKind::number:
      return fmt::format("{}", key.least.value_or(0) + (key.above_least ? 1e-3 : 0));
    case KeyKind::duration:
      return "1h30m";
    case KeyKind::texts:
      return "[" + (key.choices.empty() ? "a" : key.choices.front()) + "]";
    case KeyKind::object:
    case KeyKind::map:
      return "{}";
    case KeyKind::words:
      return "{A: \"1\"}";
    case KeyKind::model:
      return "o/m";
    default:
      return "word";
  }
}

// Values of the wrong type or out of range.
std::vector<std::string> wrong_of(const PlanKey& key) {
  switch (key.kind) {
    case KeyKind::choice:
      return {"nonsense_of_mine"};
    case KeyKind::flag:
      return {"maybe", "1"};
    case KeyKind::whole:
    case KeyKind::number: {
      std::vector<std::string> out = {"many"};
      if (key.kind == KeyKind::whole) out.emplace_back("1.5");
      if (key.least) out.push_back(fmt::format("{}", *key.least - (key.above_least ? 0 : 1)));
      if (key.most) out.push_back(fmt::format("{}", *key.most + (key.below_most ? 0 : 1)));
      return out;
    }
    case KeyKind::duration:
      return {"3", "3 h"};
    case KeyKind::texts:
      return {"[]", "{a: 1}", "[a, a]"};
    case KeyKind::words:
      return {"{A: 1}", "{1A: x}"};
    case KeyKind::name:
      return {"'a b'", "[a]"};
    case KeyKind::object:
    case KeyKind::map:
      return {"3", "[a]"};
    case KeyKind::maps:
    case KeyKind::objects:
      return {"3", "[]", "[3]"};
    case KeyKind::text:
    case KeyKind::model:
      return {"{a: 1}", "[a]"};
  }
  return {};
}

// A plan in which the key of the map has this value, and what must stand beside it does.
std::string plan_with(PlanMap map, const std::string& key, const std::string& value) {
  Words top = {
      {"name", "p"}, {"budget", "3h"}, {"variants", "[{name: a, model: o/m, baseline: true}]"}};
  Words task = {{"name", "aime24"}, {"limit", "1"}, {"max_gen_toks", "8"}};
  Words inner;
  switch (map) {
    case PlanMap::top:
      top[key] = value;
      break;
    case PlanMap::engine:
      if (key == "module") inner["kind"] = "worker";
      inner[key] = value;
      top["engine"] = flow(inner);
      break;
    case PlanMap::endpoint:
      inner = {{"kind", "openai"}, {"base_url", "http://h/v1"}, {"tokenizer", "o/t"}};
      inner[key] = value;
      top["engine"] = flow(inner);
      break;
    case PlanMap::variant:
      inner = {{"name", "a"}, {"model", "o/m"}, {"baseline", "true"}};
      inner[key] = value;
      top["variants"] = "[" + flow(inner) + "]";
      break;
    case PlanMap::matrix:
      inner["models"] = "[{name: x, model: o/x}, {name: y, model: o/y}]";
      inner[key] = value;
      top["matrix"] = flow(inner);
      if (key == "baseline") top["variants"] = "[{name: a, model: o/m}]";
      break;
    case PlanMap::task:
      if (key == "first" || key == "ids") task.erase("limit");
      if (key == "lm_eval" || key == "max_gen_toks") task["harness"] = "lm_eval";
      task[key] = value;
      break;
    case PlanMap::expect:
      inner["score"] = "50";
      inner[key] = value;
      task["expect"] = flow(inner);
      break;
    case PlanMap::looks:
      top["looks"] = flow({{key, value}});
      break;
    case PlanMap::chat:
      top["chat"] = flow({{key, value}});
      break;
    case PlanMap::sampling:
      top["sampling"] = flow({{key, value}});
      break;
    case PlanMap::compare:
      top["compare"] = flow({{key, value}});
      break;
    case PlanMap::fidelity:
      top["fidelity"] = flow({{key, value}});
      break;
    case PlanMap::sandbox:
      top["sandbox"] = flow({{key, value}});
      break;
  }
  if (map != PlanMap::top || key != "tasks") top["tasks"] = "[" + flow(task) + "]";
  std::string out;
  for (const auto& [name, text] : top) out += name + ": " + text + "\n";
  return out;
}

constexpr PlanMap kMaps[] = {
    PlanMap::top,     PlanMap::looks,    PlanMap::engine,  PlanMap::endpoint, PlanMap::chat,
    PlanMap::variant, PlanMap::matrix,   PlanMap::task,    PlanMap::expect,   PlanMap::sampling,
    PlanMap::compare, PlanMap::fidelity, PlanMap::sandbox,
};

TEST(PlanKeys, TheReaderTakesEachOfThemAndRefusesWhatTheyAreNot) {
  // The engine checks these itself; the kinds of `engine.kind` need keys of their own beside them.
  const std::set<std::string> unchecked = {
      "enforce_eager", "quantization",           "dtype",
      "python",        "max_num_batched_tokens", "enable_prefix_caching"};
  for (const PlanMap map : kMaps) {
    for (const PlanKey& key : keys_of(map)) {
      std::vector<std::string> right = {sample_of(map, key)};
      if (key.kind == KeyKind::choice && key.name != "kind") right = key.choices;
      for (const std::string& value : right) {
        const std::string yaml = plan_with(map, key.name, value);
        const auto plan = parse_plan(yaml, "/plans/p.yaml", some_benchmarks());
        EXPECT_TRUE(plan) << yaml << plan.error().to_string();
      }
      if (map == PlanMap::engine && unchecked.contains(key.name)) continue;
      for (const std::string& value : wrong_of(key)) {
        const std::string yaml = plan_with(map, key.name, value);
        EXPECT_FALSE(parse_plan(yaml, "/plans/p.yaml", some_benchmarks())) << yaml;
      }
    }
  }
}

TEST(PlanKeys, WhatIsNeededIsMissedByTheReader) {
  for (const auto& [left_out, what] : std::vector<std::pair<std::string, std::string>>{
           {"name", "p.yaml:1:1: name is missing"}, {"tasks", "p.yaml:1:1: tasks is missing"}}) {
    std::string yaml;
    for (const auto& [key, value] : Words{{"name", "p"},
                                          {"variants", "[{name: a, model: m, baseline: true}]"},
                                          {"tasks", "[{name: aime24, max_gen_toks: 8}]"}}) {
      if (key != left_out) yaml += key + ": " + value + "\n";
    }
    EXPECT_EQ(parse_plan(yaml, "p.yaml", some_benchmarks()).error().what, what);
  }
}

TEST(PlanKeys, AreAllInTheDocumentation) {
  const std::string plan = read_file(ASSAY_SOURCE_DIR "/docs/plan.md").value();
  const std::string endpoint = read_file(ASSAY_SOURCE_DIR "/docs/openai_endpoint.md").value();
  const std::map<PlanMap, std::string> prefixes = {{PlanMap::looks, "looks."},
                                                   {PlanMap::chat, "chat."},
                                                   {PlanMap::matrix, "matrix."},
                                                   {PlanMap::compare, "compare."},
                                                   {PlanMap::fidelity, "fidelity."},
                                                   {PlanMap::sandbox, "sandbox."},
                                                   {PlanMap::top, ""},
                                                   {PlanMap::variant, ""},
                                                   {PlanMap::task, ""}};
  for (const auto& [map, prefix] : prefixes) {
    for (const PlanKey& key : keys_of(map)) {
      if (key.name == "looks") continue;  // by its one key
      EXPECT_NE(plan.find("| `" + prefix + key.name + "` |"), std::string::npos)
          << prefix << key.name;
    }
  }
  for (const PlanKey& key : keys_of(PlanMap::endpoint)) {
    EXPECT_NE(endpoint.find("| `" + key.name + "` |"), std::string::npos) << key.name;
  }
  for (const PlanKey& key : keys_of(PlanMap::sampling)) {
    EXPECT_NE(plan.find("`" + key.name + "`"), std::string::npos) << key.name;
  }
}

TEST(PlanSchema, SaysTypesRangesAndChoices) {
  const json schema = json::parse(plan_schema_text(some_benchmarks()));
  EXPECT_EQ(schema.at("required"), json::parse(R"(["name", "tasks"])"));
  EXPECT_EQ(schema.at("additionalProperties"), false);
  EXPECT_EQ(schema["properties"]["until"]["enum"],
            json::parse(R"(["limits", "decided", "budget"])"));
  EXPECT_EQ(schema["definitions"]["compare"]["properties"]["margin_pp"],
            json::parse(R"j({"description": "The loss that is still fine, in percentage points (3)",
                            "type": "number", "minimum": 0.1, "exclusiveMaximum": 100.0
})j"));
  EXPECT_EQ(schema["definitions"]["task"]["properties"]["num_fewshot"]["maximum"], 100);
  EXPECT_EQ(schema["definitions"]["task"]["properties"]["repeats"]["anyOf"],
            json::parse(R"([{"type": "integer", "minimum": 1.0, "maximum": 1000.0},
                            {"enum": ["auto"]}])"));
  EXPECT_EQ(schema["definitions"]["task"]["properties"]["name"]["anyOf"][0],
            json::parse(R"({"enum": ["aime24", "math500"]})"));
  EXPECT_EQ(schema["definitions"]["variant"]["required"], json::parse(R"(["name", "model"])"));
  EXPECT_EQ(schema["definitions"]["variant"]["properties"]["require"]["enum"],
            json::parse(R"(["w4a4", "w8a8", "w4a16", "w8a16"])"));
}

}  // namespace
}  // namespace assay
