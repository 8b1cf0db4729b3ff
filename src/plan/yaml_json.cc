// YAML nodes as JSON values, for the parts of a plan that are passed through.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>

#include "plan/yaml_reader.h"

namespace assay {
namespace {

using nlohmann::json;

// Aliases can make a small file expand without bound (or contain itself).
constexpr int kMaxNodes = 20000;
constexpr int kMaxDepth = 64;

class Converter {
 public:
  explicit Converter(const std::string& file) : file_(file) {}

  Result<json> convert(const YAML::Node& node, int depth) {
    if (++nodes_ > kMaxNodes || depth > kMaxDepth) {
      return error_at(file_, node.Mark(),
                      {"too many or too deeply nested values", "值太多或嵌套太深"},
                      {"aliases may repeat a part of the plan", "别名可能重复了计划的一部分"},
                      {"write it flatter", "写得平一些"});
    }
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return scalar(node);
      case YAML::NodeType::Sequence:
        return sequence(node, depth);
      case YAML::NodeType::Map:
        return map(node, depth);
      default:
        return json(nullptr);
    }
  }

 private:
  Result<json> sequence(const YAML::Node& node, int depth) {
    json out = json::array();
    for (const auto& entry : node) out.push_back(TRY(convert(entry, depth + 1)));
    return out;
  }

  Result<json> map(const YAML::Node& node, int depth) {
    const YamlMap keys = TRY(YamlMap::open(file_, node, "this map", {}));
    json out = json::object();
    for (const std::string& key : keys.keys()) {
      out[key] = TRY(convert(keys.value(key), depth + 1));
    }
    return out;
  }

  Result<json> scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    const std::string& tag = node.Tag();
    if (tag == "!") return json(text);  // quoted
    if (tag != "?" && !tag.empty()) {
      return error_at(file_, node.Mark(),
                      bilingual("tag '{}' is not supported", "不支持标签 '{}'", tag),
                      {"plain YAML values are enough for a plan", "计划只需要普通的 YAML 值"},
                      {"remove the tag", "删去标签"});
    }
    if (text == "true" || text == "True" || text == "TRUE") return json(true);
    if (text == "false" || text == "False" || text == "FALSE") return json(false);
    if (text == "null" || text == "Null" || text == "NULL" || text == "~") return json(nullptr);
    return number_or_text(node, text);
  }

  Result<json> number_or_text(const YAML::Node& node, const std::string& text) {
    const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
    const char* end = text.data() + text.size();
    const bool looks_numeric = text.find_first_not_of("+-.0123456789eE") == std::string::npos &&
                               text.find_first_of("0123456789") != std::string::npos;
    if (looks_numeric) {
      std::int64_t integer = 0;
      if (auto r = std::from_chars(begin, end, integer); r.ec == std::errc() && r.ptr == end) {
        return json(integer);
      }
      double number = 0;
      const auto r = std::from_chars(begin, end, number);
      if (r.ptr == end && r.ec == std::errc() && std::isfinite(number)) return json(number);
      if (r.ptr == end) return not_finite(node, text);
    }
    if (text == ".inf" || text == "-.inf" || text == "+.inf" || text == ".nan") {
      return not_finite(node, text);
    }
    return json(text);
  }

  Result<json> not_finite(const YAML::Node& node, const std::string& text) {
    return error_at(
        file_, node.Mark(),
        bilingual("'{}' is no usable number", "'{}' 不是可用的数", text.substr(0, 60)),
        {"numbers must be finite", "数必须是有限值"},
        {"write a finite number, or quote it as text", "写一个有限值，或加引号作为文本"});
  }

  const std::string& file_;
  int nodes_ = 0;
};

}  // namespace

Result<json> yaml_to_json(const std::string& file, const YAML::Node& node) {
  return Converter(file).convert(node, 0);
}

}  // namespace assay
