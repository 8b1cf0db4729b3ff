// `matrix`: models times engine settings, each combination a variant (docs/configurations.md).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "plan/endpoint.h"
#include "plan/engine_kind.h"
#include "plan/plan_keys.h"
#include "plan/sections.h"

namespace assay {
namespace {

constexpr const char* kModels = "model";  // how `exclude` calls the models
// Beyond this no report could be read, and no folder would hold it.
constexpr std::size_t kMostVariants = 100'000;

// One value of a setting: what it adds to the variant's engine, and how it is called.
struct Option {
  std::string label;    // part of the variant's name
  std::string written;  // as `exclude` says it
  nlohmann::json engine_args;
};

struct Axis {
  std::string name;
  std::vector<Option> options;
};

// Names as the field shortens them; others are written out.
std::string short_name(const std::string& key) {
  if (key == "tensor_parallel_size") return "tp";
  if (key == "pipeline_parallel_size") return "pp";
  if (key == "data_parallel_size") return "dp";
  return key + "_";
}

// "fp8" says enough by itself; "2" and "true" do not.
std::string label_of(const std::string& key, const nlohmann::json& value,
                     const std::string& written) {
  return value.is_string() ? written : short_name(key) + written;
}

// `kv_cache_dtype: [auto, fp8]`: an engine argument and its values.
Result<Axis> read_values(const YamlMap& engine, const std::string& key, std::string_view kind) {
  Axis axis{key, {}};
  for (const YAML::Node& node : TRY(engine.read_sequence(key))) {
    if (!node.IsScalar()) {
      return error_at(
          engine.file(), node.Mark(),
          bilingual("{} holds a value without a name", "{} 含有没有名称的值", engine.name_of(key)),
          {"variants are named after their values, and a map or a list has no name",
           "变体以值命名，而映射或列表没有名称"},
          {"write 'NAME: {argument: value}' for each in place of the list",
           "不写列表，每个写成 'NAME: {argument: value}'"});
    }
    YAML::Node argument;
    argument[key] = node;
    const YamlMap map = TRY(YamlMap::open(engine.file(), argument, engine.name_of(key), {}));
    nlohmann::json args = nlohmann::json::object();
    TRY(read_engine_args(map, {}, "matrix.engine", kind, args));
    const std::string& written = node.Scalar();
    axis.options.push_back({label_of(key, args.at(key), written), written, std::move(args)});
  }
  return axis;
}

// `speculation: {none: {}, ngram: {speculative_config: …}}`: named sets of engine arguments.
Result<Axis> read_named(const YamlMap& engine, const std::string& key, std::string_view kind) {
  Axis axis{key, {}};
  const YamlMap names =
      TRY(YamlMap::open(engine.file(), engine.value(key), engine.name_of(key), {}));
  for (const std::string& name : names.keys()) {
    const YamlMap map =
        TRY(YamlMap::open(engine.file(), names.value(name), names.name_of(name), {}));
    nlohmann::json args = nlohmann::json::object();
    TRY(read_engine_args(map, {}, "matrix.engine", kind, args));
    axis.options.push_back({name, name, std::move(args)});
  }
  if (!axis.options.empty()) return axis;
  return engine.error(key, bilingual("{} is empty", "{} 是空的", engine.name_of(key)),
                      {"a setting needs values", "一项设置需要有值"},
                      {"write a list of values, or 'NAME: {argument: value}' for each",
                       "写值的列表，或每个写成 'NAME: {argument: value}'"});
}

Result<std::vector<Axis>> read_axes(const YamlMap& matrix, std::string_view kind) {
  std::vector<Axis> axes;
  if (!matrix.has("engine")) return axes;
  const YamlMap engine =
      TRY(YamlMap::open(matrix.file(), matrix.value("engine"), matrix.name_of("engine"), {}));
  for (const std::string& key : engine.keys()) {
    if (is_engine_choice(key) || key == kModels) {
      return engine.error(key,
                          bilingual("{} cannot differ between variants", "{} 不能因变体而异", key),
                          {"it is no argument of the engine", "它不是引擎的参数"},
                          {"remove it from the matrix", "从 matrix 中删去它"});
    }
    axes.push_back(TRY(engine.value(key).IsMap() ? read_named(engine, key, kind)
                                                 : read_values(engine, key, kind)));
  }
  return axes;
}

// A combination: of each axis the place of its value, the model's last.
using Places = std::vector<std::size_t>;

// What `exclude` leaves out: of some axes the values that must meet.
using Exclusion = std::vector<std::pair<std::size_t, std::size_t>>;  // axis, option

Result<Exclusion> read_exclusion(const std::string& file, const YAML::Node& node,
                                 const std::string& path, const std::vector<Axis>& axes) {
  std::vector<std::string> names;
  for (const Axis& axis : axes) names.push_back(axis.name);
  const YamlMap map = TRY(YamlMap::open(file, node, path, names));
  Exclusion out;
  for (const std::string& key : map.keys()) {
    const auto axis = std::ranges::find(axes, key, &Axis::name);
    const YAML::Node& value = map.value(key);
    const std::string text = value.IsScalar() ? value.Scalar() : "";
    const auto option = std::ranges::find(axis->options, text, &Option::written);
    if (option == axis->options.end()) {
      std::vector<std::string> known;
      for (const Option& one : axis->options) known.push_back(one.written);
      return map.error(key,
                       bilingual("{} has no value '{}'", "{} 没有值 '{}'", key, text.substr(0, 60)),
                       {"it would exclude nothing", "它什么也排除不了"},
                       bilingual("one of: {}", "只能是：{}", join(known, ", ")));
    }
    out.emplace_back(axis - axes.begin(), option - axis->options.begin());
  }
  if (!out.empty()) return out;
  return error_at(file, node.Mark(), bilingual("{} is empty", "{} 是空的", path),
                  {"it would exclude every variant", "它会排除所有变体"},
                  {"name the values that must not meet", "写出不能相遇的值"});
}

Result<std::vector<Exclusion>> read_exclusions(const YamlMap& matrix,
                                               const std::vector<Axis>& axes) {
  std::vector<Exclusion> out;
  if (!matrix.has("exclude")) return out;
  const std::vector<YAML::Node> nodes = TRY(matrix.read_sequence("exclude"));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    out.push_back(
        TRY(read_exclusion(matrix.file(), nodes[i], fmt::format("matrix.exclude[{}]", i), axes)));
  }
  return out;
}

bool excluded(const Places& places, const std::vector<Exclusion>& exclusions) {
  return std::ranges::any_of(exclusions, [&](const Exclusion& one) {
    return std::ranges::all_of(one, [&](const auto& at) { return places[at.first] == at.second; });
  });
}

// The next combination, the last setting counting up first; false after the last one.
bool advance(Places& places, const std::vector<Axis>& axes) {
  for (std::size_t i = axes.size(); i-- > 0;) {
    if (++places[i] < axes[i].options.size()) return true;
    places[i] = 0;
  }
  return false;
}

Result<std::vector<VariantSpec>> read_models(const YamlMap& matrix, const Plan& plan) {
  if (!matrix.has("models")) {
    return matrix.missing(
        "models",
        {"each variant is one of them, served in one way", "每个变体是其中一个模型的一种运行方式"},
        {"add 'models:' with a name and a model each", "加上 'models:'，每个写 name 和 model"});
  }
  std::vector<VariantSpec> models;
  const std::vector<YAML::Node> nodes = TRY(matrix.read_sequence("models"));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    models.push_back(
        TRY(read_variant(matrix.file(), nodes[i], fmt::format("matrix.models[{}]", i), plan)));
    if (!models.back().baseline) continue;
    return error_at(
        matrix.file(), nodes[i].Mark(),
        bilingual("model '{}' cannot be the baseline", "模型 '{}' 不能作基线", models.back().name),
        {"it is served in several ways, and one of them is compared with the others",
         "它有多种运行方式，要拿其中一种与其他的比较"},
        {"name that variant as 'matrix.baseline'", "把那个变体写作 'matrix.baseline'"});
  }
  return models;
}

// The model's name and those of its settings.
VariantSpec variant_at(const Places& places, const std::vector<VariantSpec>& models,
                       const std::vector<Axis>& axes) {
  VariantSpec variant = models[places.front()];
  for (std::size_t i = 1; i < axes.size(); ++i) {
    const Option& option = axes[i].options[places[i]];
    variant.name += "-" + option.label;
    variant.engine_args.update(option.engine_args);
  }
  return variant;
}

Status too_many(const YamlMap& top, const std::vector<Axis>& axes) {
  std::size_t count = 1;
  for (const Axis& axis : axes) {
    count *= axis.options.size();
    if (count > kMostVariants) {
      return top.error("matrix",
                       bilingual("the matrix makes more than {} variants",
                                 "matrix 生成的变体超过 {} 个", kMostVariants),
                       {"no report of them could be read", "那样的报告没法读"},
                       {"take values out of it", "去掉一些值"});
    }
  }
  return {};
}

Status add_variant(const YamlMap& top, VariantSpec variant, std::set<std::string>& names,
                   Plan& plan) {
  if (!usable_as_file_name(variant.name)) {
    return top.error("matrix",
                     bilingual("'{}' cannot be the name of a variant", "'{}' 不能作变体的名称",
                               variant.name.substr(0, 120)),
                     {"names take letters, digits, '.', '_' and '-', and have at most 100",
                      "名称由字母、数字、'.'、'_' 和 '-' 组成，至多 100 个字符"},
                     {"give such values a name: 'SETTING: {NAME: {argument: value}}'",
                      "给这样的值起名：'SETTING: {NAME: {argument: value}}'"});
  }
  if (!names.insert(variant.name).second) {
    return top.error("matrix",
                     bilingual("two variants are named '{}'", "两个变体都叫 '{}'", variant.name),
                     {"results are told apart by the variant's name", "结果以变体的名称区分"},
                     {"rename a model or a value", "给模型或值改名"});
  }
  plan.variants.push_back(std::move(variant));
  return {};
}

Status mark_baseline(const YamlMap& matrix, Plan& plan) {
  if (!matrix.has("baseline")) return {};
  std::string name;
  TRY(matrix.read("baseline", name));
  const auto first = std::ranges::find(plan.variants, true, &VariantSpec::baseline);
  if (first != plan.variants.end()) {
    return matrix.error("baseline",
                        bilingual("'{}' is a second baseline", "'{}' 是第二个基线", name),
                        bilingual("'{}' is one already, and all are compared with one",
                                  "'{}' 已是基线，所有变体只与一个比较", first->name),
                        {"keep one of the two", "只保留一个"});
  }
  const auto found = std::ranges::find(plan.variants, name, &VariantSpec::name);
  if (found == plan.variants.end()) {
    return matrix.error(
        "baseline", bilingual("no variant is named '{}'", "没有变体叫 '{}'", name.substr(0, 100)),
        bilingual("the matrix makes for instance '{}'", "matrix 生成的变体例如 '{}'",
                  plan.variants.back().name),
        {"write the model's name and those of its values, with '-' between",
         "写模型的名称和各个值的名称，用 '-' 连接"});
  }
  found->baseline = true;
  return {};
}

}  // namespace

Status read_matrix(const YamlMap& top, Plan& plan) {
  if (plan.engine.kind == kEndpointKind) {
    return top.error("matrix", {"a server has no settings to combine", "服务器没有可组合的设置"},
                     {"it was started with those it has", "它的设置在启动时已定"},
                     {"list the variants in its place", "改为逐个列出变体"});
  }
  const YamlMap matrix =
      TRY(YamlMap::open(top.file(), top.value("matrix"), "matrix", key_names(PlanMap::matrix)));
  const std::vector<VariantSpec> models = TRY(read_models(matrix, plan));
  std::vector<Axis> axes{{kModels, {}}};
  for (const VariantSpec& model : models) axes[0].options.push_back({model.name, model.name, {}});
  for (Axis& axis : TRY(read_axes(matrix, plan.engine.kind))) axes.push_back(std::move(axis));
  TRY(too_many(top, axes));
  const std::vector<Exclusion> exclusions = TRY(read_exclusions(matrix, axes));
  std::set<std::string> names;
  for (const VariantSpec& variant : plan.variants) names.insert(variant.name);
  const std::size_t listed = plan.variants.size();
  Places places(axes.size(), 0);
  do {
    if (excluded(places, exclusions)) continue;
    TRY(add_variant(top, variant_at(places, models, axes), names, plan));
  } while (advance(places, axes));
  if (plan.variants.size() == listed) {
    return top.error("matrix", {"the matrix makes no variant", "matrix 没有生成变体"},
                     {"all of them are excluded", "它们都被排除了"},
                     {"take something out of 'exclude'", "从 'exclude' 中去掉一些"});
  }
  return mark_baseline(matrix, plan);
}

}  // namespace assay
