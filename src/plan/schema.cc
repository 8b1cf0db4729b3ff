#include "plan/schema.h"

#include <nlohmann/json.hpp>

#include "plan/endpoint.h"
#include "plan/plan_keys.h"

namespace assay {
namespace {

using Schema = nlohmann::ordered_json;

constexpr const char* kNamePattern = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$";
constexpr const char* kDurationPattern =
    R"(^(?=.)([0-9]+(\.[0-9]+)?h)?([0-9]+(\.[0-9]+)?m)?([0-9]+(\.[0-9]+)?s)?$)";
constexpr const char* kEnvPattern = "^[A-Za-z_][A-Za-z0-9_]*$";

// How the definition of a map is called.
std::string title_of(PlanMap map) {
  switch (map) {
    case PlanMap::top:
      return "plan";
    case PlanMap::looks:
      return "looks";
    case PlanMap::engine:
      return "engine";
    case PlanMap::endpoint:
      return "endpoint";
    case PlanMap::chat:
      return "chat";
    case PlanMap::variant:
      return "variant";
    case PlanMap::matrix:
      return "matrix";
    case PlanMap::task:
      return "task";
    case PlanMap::expect:
      return "expect";
    case PlanMap::sampling:
      return "sampling";
    case PlanMap::compare:
      return "compare";
    case PlanMap::fidelity:
      return "fidelity";
    case PlanMap::sandbox:
      return "sandbox";
  }
  return "plan";
}

// An object of one member: written as a list of one pair it would be read in two ways.
Schema member(const char* key, Schema value) {
  Schema out = Schema::object();
  out[key] = std::move(value);
  return out;
}

Schema reference(PlanMap map) {
  return member("$ref", "#/definitions/" + title_of(map));
}

// Text is read from any scalar: an id or a revision may look like a number.
Schema any_scalar() {
  return member("type", {"string", "number", "boolean"});
}

Schema with_range(Schema out, const PlanKey& key) {
  if (key.least) out[key.above_least ? "exclusiveMinimum" : "minimum"] = *key.least;
  if (key.most) out[key.below_most ? "exclusiveMaximum" : "maximum"] = *key.most;
  return out;
}

// The value, or one of the key's words.
Schema or_word(Schema value, const PlanKey& key) {
  if (key.choices.empty()) return value;
  Schema out = Schema::object();
  out["anyOf"].push_back(std::move(value));
  out["anyOf"].push_back(member("enum", key.choices));
  return out;
}

Schema list_of(Schema entry, bool unique) {
  Schema out = {{"type", "array"}, {"minItems", 1}, {"items", std::move(entry)}};
  if (unique) out["uniqueItems"] = true;
  return out;
}

Schema value_schema(const PlanKey& key) {
  switch (key.kind) {
    case KeyKind::text:
    case KeyKind::model:
      return any_scalar();
    case KeyKind::name:
      return {{"type", {"string", "number", "boolean"}}, {"pattern", kNamePattern}};
    case KeyKind::choice:
      return member("enum", key.choices);
    case KeyKind::flag:
      return member("type", "boolean");
    case KeyKind::whole:
      return or_word(with_range(member("type", "integer"), key), key);
    case KeyKind::number:
      return with_range(member("type", "number"), key);
    case KeyKind::duration:
      return {{"type", "string"}, {"pattern", kDurationPattern}};
    case KeyKind::texts:
      return list_of(key.choices.empty() ? any_scalar() : member("enum", key.choices), true);
    case KeyKind::object:
      return member("type", "object");
    case KeyKind::objects:
      return list_of(member("type", "object"), false);
    case KeyKind::words:
      return {{"type", "object"},
              {"propertyNames", member("pattern", kEnvPattern)},
              {"additionalProperties", member("type", "string")}};
    case KeyKind::map:
      return reference(key.map);
    case KeyKind::maps:
      return list_of(reference(key.map), false);
  }
  return Schema::object();
}

// A reference in draft 07 hides what stands beside it.
Schema described(const PlanKey& key) {
  Schema value = value_schema(key);
  if (!value.contains("$ref")) {
    Schema out = member("description", key.meaning);
    out.update(value);
    return out;
  }
  Schema out = member("description", key.meaning);
  out["allOf"] = Schema::array();
  out["allOf"].push_back(std::move(value));
  return out;
}

Schema properties_of(PlanMap map) {
  Schema out = Schema::object();
  for (const PlanKey& key : keys_of(map)) out[key.name] = described(key);
  return out;
}

Schema map_schema(PlanMap map) {
  Schema out = {{"type", "object"}, {"additionalProperties", false}};
  Schema required = Schema::array();
  for (const PlanKey& key : keys_of(map)) {
    if (key.required) required.push_back(key.name);
  }
  if (!required.empty()) out["required"] = std::move(required);
  out["properties"] = properties_of(map);
  return out;
}

// Of vLLM and other workers any argument may stand there; a server has these keys alone.
Schema engine_schema() {
  Schema out = member("type", "object");
  Schema properties = properties_of(PlanMap::engine);
  Schema names = Schema::array({"kind", "python"});
  for (const PlanKey& key : keys_of(PlanMap::endpoint)) {
    if (!properties.contains(key.name)) properties[key.name] = described(key);
    names.push_back(key.name);
  }
  out["properties"] = std::move(properties);
  // Each variant names its own.
  out["propertyNames"] = member("not", member("enum", Schema::array({"model", "revision"})));
  out["if"] = member("properties", member("kind", member("const", kEndpointKind)));
  out["if"]["required"].push_back("kind");
  out["then"] = member("propertyNames", member("enum", std::move(names)));
  return out;
}

Schema task_schema(const std::vector<KnownBenchmark>& known) {
  Schema out = map_schema(PlanMap::task);
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const KnownBenchmark& benchmark : known) names.push_back(benchmark.name);
  for (const char* key : {"name", "benchmark"}) {
    Schema& value = out["properties"][key];
    value.erase("type");
    Schema others = any_scalar();
    others["pattern"] = "^(lm_eval/)?[A-Za-z0-9_][A-Za-z0-9_.-]*$";
    value["anyOf"] = Schema::array({member("enum", names), std::move(others)});
  }
  return out;
}

}  // namespace

std::string plan_schema_text(const std::vector<KnownBenchmark>& known) {
  Schema out = {
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"title", kPlanSchemaTitle},
      {"description", "docs/plan.md says all of it; `assay check PLAN` checks all of it"}};
  out.update(map_schema(PlanMap::top));
  for (const char* key : {"variants", "matrix"}) {
    Schema has = Schema::object();
    has["required"].push_back(key);
    out["anyOf"].push_back(std::move(has));
  }
  Schema definitions = Schema::object();
  for (const PlanMap map :
       {PlanMap::looks, PlanMap::chat, PlanMap::variant, PlanMap::matrix, PlanMap::expect,
        PlanMap::sampling, PlanMap::compare, PlanMap::fidelity, PlanMap::sandbox}) {
    definitions[title_of(map)] = map_schema(map);
  }
  definitions["engine"] = engine_schema();
  definitions["task"] = task_schema(known);
  out["definitions"] = std::move(definitions);
  return out.dump(2) + "\n";
}

}  // namespace assay
