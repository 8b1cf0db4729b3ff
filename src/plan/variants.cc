// `variants`: models, and how each is served.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "plan/endpoint.h"
#include "plan/engine_kind.h"
#include "plan/other_names.h"
#include "plan/plan_keys.h"
#include "plan/sections.h"
#include "plan/suggest.h"

namespace assay {
namespace {

// An argument that differs in more letters is not taken for a typo.
constexpr std::size_t kMaxEdits = 2;

constexpr std::array kEngineChoices{"kind", "python", "module", "load_timeout", "start_ahead"};

Status check_hub_id(const YamlMap& map, const std::string& id) {
  const std::vector<std::string> parts = split(id, '/');
  const bool ok = parts.size() <= 2 && std::ranges::all_of(parts, [](const std::string& part) {
                    return usable_as_file_name(part);
                  });
  if (ok) return {};
  return map.error(
      "model",
      bilingual("model '{}' is neither a hub id nor a folder",
                "model '{}' 既不是 hub id，也不是目录", id.substr(0, 100)),
      {"a hub id is 'owner/name'; a folder begins with ./, ../ or /",
       "hub id 形如 'owner/name'；目录以 ./、../ 或 / 开头"},
      id.starts_with('~')
          ? Text("write the whole path: '~' is not replaced", "写出完整路径：'~' 不会被替换")
          : Text("write ./ before a folder's name", "目录名前写上 ./"));
}

Result<VariantSpec> read_endpoint_variant(const YamlMap& engine, const Plan& plan,
                                          VariantSpec variant) {
  TRY(read_endpoint_args(engine, plan, /*of_variant=*/true, variant.engine_args));
  return variant;
}

// vLLM has long names alone for the formats, and would say so only when it loads.
Status check_dtype(const YamlMap& engine) {
  if (!engine.has("dtype")) return {};
  const std::string word = value_words(engine.value("dtype"));
  for (const auto& [theirs, ours] : {std::pair{"bf16", "bfloat16"}, std::pair{"fp16", "float16"},
                                     std::pair{"fp32", "float32"}}) {
    if (word != theirs) continue;
    return engine.error(
        "dtype", bilingual("{} cannot be '{}'", "{} 不能是 '{}'", engine.name_of("dtype"), word),
        {"the engine has longer names for its formats", "引擎里的格式用更长的名称"},
        bilingual("write 'dtype: {}'", "写 'dtype: {}'", ours));
  }
  return {};
}

Status read_require(const YamlMap& map, const Plan& plan, VariantSpec& variant) {
  if (!map.has("require")) return {};
  if (plan.engine.kind == kEndpointKind) {
    return map.error(
        "require",
        {"a server does not tell which kernels it runs on", "服务器不会说明它用的是哪些内核"},
        {"what is required could not be seen", "无法看出要求是否满足"},
        {"remove the key", "删去这个键"});
  }
  std::vector<std::pair<std::string, KernelBits>> choices;
  choices.reserve(kRequirable.size());
  for (const KernelBits& bits : kRequirable) choices.emplace_back(name_of(bits), bits);
  KernelBits chosen;
  TRY(map.read_choice<KernelBits>("require", chosen, choices));
  variant.require = chosen;
  return {};
}

const VariantSpec* baseline_of(const Plan& plan) {
  const auto found = std::ranges::find(plan.variants, true, &VariantSpec::baseline);
  return found == plan.variants.end() ? nullptr : &*found;
}

// The same model, served alike: nothing but noise could come of it, and mostly a path is wrong.
Status refuse_same_model(const YamlMap& top, const YAML::Node& node, const VariantSpec& variant,
                         const Plan& plan) {
  if (plan.compare.same_model || plan.engine.kind == kEndpointKind) return {};
  for (const VariantSpec& other : plan.variants) {
    if (other.model != variant.model || other.revision != variant.revision) continue;
    if (merged_engine_args(plan, other) != merged_engine_args(plan, variant)) continue;
    return error_at(
        top.file(), node.Mark(),
        bilingual("'{}' is '{}' once more", "'{}' 与 '{}' 是同一个模型", variant.name, other.name),
        bilingual("both are {}, served alike", "两者都是 {}，运行方式也相同", variant.model),
        {"correct its model or its engine arguments, or write 'compare: {same_model: true}' for an "
         "A/A comparison",
         "改正它的 model 或引擎参数；要做 A/A 比较则写 'compare: {same_model: true}'"});
  }
  return {};
}

// "variants: [a/b, c/d]", "variants: {bf16: …}"
Status refuse_bare_variants(const YamlMap& top) {
  const YAML::Node& variants = top.value("variants");
  std::string name;
  if (variants.IsMap() && variants.size() > 0) {
    name = value_words(variants.begin()->first);
  } else if (variants.IsSequence() && variants.size() > 0 && variants[0].IsScalar()) {
    name = "bf16";
  } else {
    return {};
  }
  return top.error(
      "variants", {"variants are a list of maps", "variants 是映射的列表"},
      {"each has a name of its own and a model", "每个变体有自己的 name 和 model"},
      bilingual(
          "write below 'variants:' a line '- {{name: {}, model: …}}', the baseline's with "
          "'baseline: true'",
          "在 'variants:' 下面写一行 '- {{name: {}, model: …}}'，基线的那一行加上 'baseline: true'",
          name));
}

Status read_listed(const YamlMap& top, Plan& plan) {
  TRY(refuse_bare_variants(top));
  const std::vector<YAML::Node> nodes = TRY(top.read_sequence("variants"));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    VariantSpec variant =
        TRY(read_variant(top.file(), nodes[i], fmt::format("variants[{}]", i), plan));
    const VariantSpec* first = baseline_of(plan);
    if (variant.baseline && first != nullptr) {
      return error_at(
          top.file(), nodes[i].Mark(),
          bilingual("'{}' is a second baseline", "'{}' 是第二个基线", variant.name),
          bilingual("'{}' is one already, and all are compared with one",
                    "'{}' 已是基线，所有变体只与一个比较", first->name),
          {"keep 'baseline: true' on one variant", "只在一个变体上保留 'baseline: true'"});
    }
    TRY(refuse_same_model(top, nodes[i], variant, plan));
    plan.variants.push_back(std::move(variant));
  }
  return {};
}

}  // namespace

bool is_engine_choice(std::string_view key) {
  return std::ranges::find(kEngineChoices, key) != kEngineChoices.end();
}

Status read_engine_args(const YamlMap& map, const std::vector<std::string>& own, const char* where,
                        std::string_view kind, nlohmann::json& args) {
  const bool passes_any_argument = kind == kWorkerKind;  // those of an engine we do not know
  for (const std::string& key : map.keys()) {
    if (std::ranges::find(own, key) != own.end()) continue;
    if (key == "model" || key == "revision") {
      return error_at(map.file(), map.mark_of_key(key),
                      bilingual("{} cannot hold '{}'", "{} 里不能有 '{}'", where, key),
                      {"each variant names its own", "每个变体写自己的"},
                      bilingual("write it as the variant's {}", "写成变体的 {}", key));
    }
    const Text other = passes_any_argument
                           ? Text()
                           : right_spelling_for_engine(key, "engine", value_words(map.value(key)));
    if (!other.empty()) {
      return error_at(map.file(), map.mark_of_key(key),
                      bilingual("unknown key '{}' in {}", "{1} 中有未知的键 '{0}'", key, where),
                      {"the engine has no such argument", "引擎没有这个参数"}, other);
    }
    const std::string near = nearest(key, key_names(PlanMap::engine), kMaxEdits);
    if (!near.empty() && near != key) {
      return error_at(map.file(), map.mark_of_key(key),
                      bilingual("unknown key '{}' in {}", "{1} 中有未知的键 '{0}'", key, where),
                      {"it would be passed to the engine as it is", "它会原样传给引擎"},
                      bilingual("did you mean '{}'?", "是不是想写 '{}'？", near));
    }
    args[key] = TRY(yaml_to_json(map.file(), map.value(key)));
  }
  if (!passes_any_argument) TRY(check_dtype(map));
  return check_engine_args(map, args);
}

Result<VariantSpec> read_variant(const std::string& file, const YAML::Node& node,
                                 const std::string& path, const Plan& plan) {
  const YamlMap map = TRY(YamlMap::open(file, node, path, key_names(PlanMap::variant)));
  VariantSpec variant;
  for (const char* key : {"name", "model"}) {
    if (!map.has(key))
      return map.missing(key, {"each variant has a name and a model", "每个变体有 name 和 model"},
                         {"add it", "加上它"});
  }
  TRY(map.read("name", variant.name));
  TRY(check_name(map, "name", variant.name));
  for (const VariantSpec& other : plan.variants) {
    if (other.name == variant.name) {
      return map.error("name",
                       bilingual("two variants are named '{}'", "两个变体都叫 '{}'", variant.name),
                       {"results are told apart by the variant's name", "结果以变体的名称区分"},
                       {"rename one of them", "给其中一个改名"});
    }
  }
  TRY(map.read("model", variant.model));
  TRY(map.read("revision", variant.revision));
  TRY(map.read("baseline", variant.baseline));
  const bool endpoint = plan.engine.kind == kEndpointKind;
  TRY(read_require(map, plan, variant));
  if (endpoint) {
    if (map.has("revision")) {
      return map.error("revision",
                       {"a served model has no revision", "由服务器提供的模型没有 revision"},
                       {"the server was started with one", "服务器启动时已定"},
                       {"remove the key", "删去这个键"});
    }
  } else if (names_a_folder(variant.model)) {
    if (map.has("revision")) {
      return map.error(
          "revision", {"a folder has no revision", "目录没有 revision"},
          {"revisions are pinned for models of the hub", "只有 hub 上的模型才固定 revision"},
          {"remove the key", "删去这个键"});
    }
    variant.model = resolve_path(plan.file, variant.model);
  } else {
    TRY(check_hub_id(map, variant.model));
  }
  if (map.has("engine")) {
    const YamlMap engine = TRY(YamlMap::open(file, map.value("engine"), map.name_of("engine"), {}));
    for (const char* key : kEngineChoices) {
      if (engine.has(key)) {
        return engine.error(
            key, bilingual("{} cannot differ between variants", "{} 不能因变体而异", key),
            {"differences in the score would then have two causes", "那样得分的差异就有两个原因"},
            {"write it in the plan's engine", "写在计划的 engine 里"});
      }
    }
    if (endpoint) return read_endpoint_variant(engine, plan, std::move(variant));
    TRY(read_engine_args(engine, {}, "a variant's engine", plan.engine.kind, variant.engine_args));
  }
  return variant;
}

Status read_variants(const YamlMap& top, Plan& plan) {
  if (!top.has("variants") && !top.has("matrix")) {
    return top.missing("variants",
                       {"a plan compares variants of a model", "计划比较一个模型的多个变体"},
                       {"add 'variants:' with a name and a model each, or 'matrix:'",
                        "加上 'variants:'，每个变体写 name 和 model，或写 'matrix:'"});
  }
  if (top.has("variants")) TRY(read_listed(top, plan));
  if (top.has("matrix")) TRY(read_matrix(top, plan));
  if (baseline_of(plan) != nullptr) return {};
  if (top.has("matrix")) {
    return top.error(
        "matrix", {"no variant is the baseline", "没有变体是基线"},
        {"the others are compared with it", "其他变体与它比较"},
        bilingual("add 'baseline: {}' to the matrix, or another of its variants",
                  "在 matrix 里加上 'baseline: {}'，或它的另一个变体", plan.variants.back().name));
  }
  return top.error("variants", {"no variant is the baseline", "没有变体是基线"},
                   {"the others are compared with it", "其他变体与它比较"},
                   {"add 'baseline: true' to one variant", "给一个变体加上 'baseline: true'"});
}

}  // namespace assay
