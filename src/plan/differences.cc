#include "plan/differences.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"

namespace assay {
namespace {

constexpr const char* kDefault = "default";  // the argument is left to the engine

// vLLM's arguments that choose a numeric format.
constexpr std::array kFormats{"quantization", "dtype", "kv_cache_dtype", "quantization_config",
                              "calculate_kv_scales"};

std::string value_text(const nlohmann::json& args, const std::string& key) {
  const auto found = args.find(key);
  if (found == args.end()) return kDefault;
  return found->is_string() ? found->get<std::string>() : dump_json(*found);
}

// Of each variant in frozen order, all of its engine arguments.
std::vector<nlohmann::json> arguments_of(const FrozenPlan& frozen) {
  std::vector<nlohmann::json> out;
  for (const FrozenVariant& variant : frozen.variants) {
    const auto& specs = frozen.plan.variants;
    const auto spec = std::ranges::find(specs, variant.name, &VariantSpec::name);
    out.push_back(spec == specs.end() ? frozen.plan.engine.args
                                      : merged_engine_args(frozen.plan, *spec));
  }
  return out;
}

std::set<std::string> keys_that_differ(const std::vector<nlohmann::json>& arguments) {
  std::set<std::string> all;
  for (const auto& args : arguments) {
    for (const auto& [key, value] : args.items()) all.insert(key);
  }
  std::erase_if(all, [&](const std::string& key) {
    return std::ranges::all_of(arguments, [&](const auto& args) {
      return value_text(args, key) == value_text(arguments.front(), key);
    });
  });
  return all;
}

}  // namespace

std::vector<std::vector<Setting>> settings_that_differ(const FrozenPlan& frozen) {
  const std::vector<nlohmann::json> arguments = arguments_of(frozen);
  const std::set<std::string> keys = keys_that_differ(arguments);
  std::vector<std::vector<Setting>> out;
  for (const auto& args : arguments) {
    auto& settings = out.emplace_back();
    for (const std::string& key : keys) settings.emplace_back(key, value_text(args, key));
  }
  return out;
}

std::string settings_text(const std::vector<Setting>& settings) {
  std::string out;
  for (const auto& [key, value] : settings) {
    if (value != kDefault) out += (out.empty() ? "" : ", ") + key + " " + value;
  }
  return out.empty() && !settings.empty() ? kDefault : out;
}

bool precision_differs(const FrozenPlan& frozen) {
  const auto same_weights = [&](const FrozenVariant& variant) {
    return !variant.fingerprint.empty() &&
           variant.fingerprint == frozen.variants.front().fingerprint;
  };
  if (!std::ranges::all_of(frozen.variants, same_weights)) return true;
  const std::set<std::string> keys = keys_that_differ(arguments_of(frozen));
  return std::ranges::any_of(kFormats, [&](const char* key) { return keys.contains(key); });
}

}  // namespace assay
