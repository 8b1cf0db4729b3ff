#include "plan/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include "base/text.h"
#include "plan/other_names.h"
#include "plan/suggest.h"

namespace assay {
namespace {

constexpr std::size_t kLargestPlanBytes = 1UL << 20;

Text kind_of(const YAML::Node& node) {
  const Text nothing("nothing", "空的");
  switch (node.Type()) {
    case YAML::NodeType::Null:
      return nothing;
    case YAML::NodeType::Sequence:
      return {"a list", "列表"};
    case YAML::NodeType::Map:
      return {"a map", "映射"};
    case YAML::NodeType::Scalar:
      return fmt::format("'{}'", node.Scalar().substr(0, 60));
    default:
      return nothing;
  }
}

template <typename T>
Text here_is(const T& what) {
  return bilingual("here is {}", "这里写的是：{}", what);
}

Text text_here(const std::string& text) {
  return here_is(fmt::format("'{}'", text.substr(0, 60)));
}

Text whole_number() {
  return {"a whole number", "整数"};
}

Text meant(const std::string& near) {
  return bilingual("did you mean '{}'?", "是不是想写 '{}'？", near);
}

// How to write a whole number, by what stands in its place.
Text whole_number_fix(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == std::string::npos && !text.empty()) {
    return {"write it without quotes", "去掉引号"};
  }
  const std::string_view rest =
      std::string_view(text).substr(digits == std::string::npos ? 0 : digits);
  if ((rest == "k" || rest == "K") && digits > 0 && digits < 7) {
    const int thousands = std::stoi(text.substr(0, digits));
    return bilingual("write digits alone: {} or {}", "只写数字：{} 或 {}", thousands * 1024,
                     thousands * 1000);
  }
  return {"write digits alone", "只写数字"};
}

bool is_quoted(const YAML::Node& node) {
  return node.Tag() == "!";
}

bool tab_indents_line(std::string_view text, const YAML::Mark& mark) {
  if (mark.is_null()) return false;
  const std::vector<std::string> lines = split(text, '\n');
  if (static_cast<std::size_t>(mark.line) >= lines.size()) return false;
  const std::string& line = lines[static_cast<std::size_t>(mark.line)];
  return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string::npos;
}

template <typename Number>
bool parse_number(std::string_view text, Number& out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// Notes where documents begin, and nothing else.
class DocumentStarts : public YAML::EventHandler {
 public:
  std::vector<YAML::Mark> marks;

  void OnDocumentStart(const YAML::Mark& mark) override { marks.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// Where a second document begins; none: there is one at most. YAML::LoadAll is no way to ask: on a
// text such as "," yaml-cpp 0.7 begins one document after the other without end.
std::optional<YAML::Mark> second_document(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  for (int i = 0; i < 2 && parser.HandleNextDocument(starts); ++i) continue;
  if (starts.marks.size() < 2) return std::nullopt;
  return starts.marks[1];
}

}  // namespace

std::string value_words(const YAML::Node& node) {
  constexpr std::size_t kLongest = 40;
  return node.IsScalar() && node.Scalar().size() <= kLongest ? node.Scalar() : "…";
}

std::unexpected<Error> error_at(const std::string& file, const YAML::Mark& mark, const Text& what,
                                const Text& why, const Text& fix) {
  const std::string place =
      mark.is_null() ? file : fmt::format("{}:{}:{}", file, mark.line + 1, mark.column + 1);
  // What is quoted from the plan may have been cut within a character.
  const auto whole = [](const Text& text) {
    return Text(sanitize_utf8(text.en), sanitize_utf8(text.zh));
  };
  return usage_error(bilingual("{}: {}", "{}：{}", place, whole(what)), whole(why), fix);
}

Result<YAML::Node> parse_yaml(std::string_view text, const std::string& file) {
  if (text.size() > kLargestPlanBytes) {
    return usage_error(bilingual("{}: the plan is too large", "{}：计划文件太大", file),
                       {"it has more than 1 MiB", "它超过 1 MiB"},
                       {"is this the right file?", "文件是不是给错了？"});
  }
  if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos) {
    return usage_error(bilingual("{}: the plan is not text", "{}：计划文件不是文本", file),
                       {"it is not valid UTF-8", "它不是有效的 UTF-8"},
                       {"save it as UTF-8", "保存为 UTF-8"});
  }
  try {
    if (const auto second = second_document(std::string(text))) {
      return error_at(file, *second, {"a second document begins", "这里开始了第二个文档"},
                      {"a plan is one YAML document", "计划是一个 YAML 文档"},
                      {"remove the line '---', or what should not stand there",
                       "删去 '---' 这一行，或不该在那里的内容"});
    }
    YAML::Node document = YAML::Load(std::string(text));
    if (!document.IsDefined() || document.IsNull()) {
      return usage_error(
          bilingual("{}: the plan is empty", "{}：计划是空的", file),
          {"it holds no YAML document", "它不含 YAML 文档"},
          {"docs/plan.md has an example to start from", "docs/plan.md 有一个可作起点的例子"});
    }
    return document;
  } catch (const YAML::Exception& e) {
    return error_at(
        file, e.mark, {"this is not valid YAML", "这不是有效的 YAML"}, e.msg,
        tab_indents_line(text, e.mark)
            ? Text("indent with spaces: YAML takes no tabs", "用空格缩进：YAML 不接受制表符")
            : Text("check indentation, quotes and brackets around this place",
                   "检查这里附近的缩进、引号和括号"));
  } catch (const std::exception& e) {
    return usage_error(bilingual("{}: this is not valid YAML", "{}：这不是有效的 YAML", file),
                       e.what(), {"check the file", "检查这个文件"});
  }
}

Result<YamlMap> YamlMap::open(std::string file, const YAML::Node& node, std::string path,
                              std::vector<std::string> known) {
  YamlMap map;
  map.file_ = std::move(file);
  map.path_ = std::move(path);
  map.mark_ = node.Mark();
  const Text name = map.path_.empty() ? Text("the plan", "计划") : Text(map.path_, map.path_ + " ");
  if (!node.IsMap()) {
    return error_at(map.file_, map.mark_, bilingual("{} must be a map", "{}必须是映射", name),
                    here_is(kind_of(node)),
                    {"write it as 'key: value' lines", "写成 'key: value' 的行"});
  }
  for (const auto& pair : node) {
    if (!pair.first.IsScalar()) {
      return error_at(map.file_, pair.first.Mark(),
                      bilingual("a key of {} is no word", "{}的一个键不是词", name),
                      here_is(kind_of(pair.first)), {"write 'key: value'", "写 'key: value'"});
    }
    Entry entry{pair.first.Scalar(), pair.first.Mark(), pair.second};
    if (entry.key == "<<") {
      return error_at(map.file_, entry.key_mark,
                      {"merge keys ('<<') are not supported", "不支持合并键（'<<'）"},
                      {"a plan says each thing where it stands", "计划里每件事写在它自己的位置"},
                      {"write the keys out", "把各键写出来"});
    }
    if (map.find(entry.key) != nullptr) {
      return error_at(
          map.file_, entry.key_mark,
          bilingual("key '{0}' stands twice in {1}", "{1}中键 '{0}' 出现两次", entry.key, name),
          {"the second would silently win", "后一个会悄悄取代前一个"},
          {"remove one of them", "删去其中一个"});
    }
    if (!known.empty() && std::ranges::find(known, entry.key) == known.end()) {
      const std::string near = nearest(entry.key, known);
      Text fix = right_spelling(entry.key, map.path_, value_words(entry.value));
      if (fix.empty()) {
        fix = near.empty() ? Text("remove it, or see docs/plan.md", "删去它，或见 docs/plan.md")
                           : meant(near);
      }
      return error_at(map.file_, entry.key_mark,
                      bilingual("unknown key '{0}' in {1}", "{1}中有未知的键 '{0}'",
                                entry.key.substr(0, 60), name),
                      bilingual("known keys: {}", "已知的键：{}", join(known, ", ")), fix);
    }
    map.entries_.push_back(std::move(entry));
  }
  return map;
}

const YamlMap::Entry* YamlMap::find(std::string_view key) const {
  for (const Entry& entry : entries_) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

const YAML::Node& YamlMap::value(std::string_view key) const {
  return find(key)->value;
}

YAML::Mark YamlMap::mark_of(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr) return mark_;
  // An absent value is marked at the next token, which may be lines below.
  return entry->value.IsNull() ? entry->key_mark : entry->value.Mark();
}

YAML::Mark YamlMap::mark_of_key(std::string_view key) const {
  const Entry* entry = find(key);
  return entry == nullptr ? mark_ : entry->key_mark;
}

std::vector<std::string> YamlMap::keys() const {
  std::vector<std::string> keys;
  keys.reserve(entries_.size());
  for (const Entry& entry : entries_) keys.push_back(entry.key);
  return keys;
}

std::string YamlMap::name_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

std::unexpected<Error> YamlMap::error(std::string_view key, const Text& what, const Text& why,
                                      const Text& fix) const {
  return error_at(file_, mark_of(key), what, why, fix);
}

std::unexpected<Error> YamlMap::missing(std::string_view key, const Text& why,
                                        const Text& fix) const {
  return error_at(file_, mark_, bilingual("{} is missing", "缺少 {}", name_of(key)), why, fix);
}

std::unexpected<Error> YamlMap::wrong_type(std::string_view key, const Text& wanted,
                                           const Text& here, const Text& fix) const {
  return error(key, bilingual("{} must be {}", "{} 必须是{}", name_of(key), wanted), here, fix);
}

Result<std::string> YamlMap::scalar(std::string_view key, const Text& wanted) const {
  const YAML::Node& node = value(key);
  if (node.IsScalar()) return node.Scalar();
  return wrong_type(key, wanted, here_is(kind_of(node)),
                    node.IsNull()
                        ? Text("give it a value or remove the key", "给它一个值，或删去这个键")
                        : Text("see docs/plan.md", "见 docs/plan.md"));
}

Status YamlMap::read(std::string_view key, std::string& out) const {
  if (!has(key)) return {};
  out = TRY(scalar(key, {"text", "文本"}));
  return {};
}

Status YamlMap::read(std::string_view key, bool& out) const {
  if (!has(key)) return {};
  const Text wanted("true or false", " true 或 false");
  const std::string text = TRY(scalar(key, wanted));
  if (!is_quoted(value(key))) {
    if (text == "true" || text == "True" || text == "TRUE") {
      out = true;
      return {};
    }
    if (text == "false" || text == "False" || text == "FALSE") {
      out = false;
      return {};
    }
  }
  return wrong_type(key, wanted, text_here(text),
                    {"write true or false, unquoted", "写 true 或 false，不加引号"});
}

Status YamlMap::read(std::string_view key, double& out) const {
  if (!has(key)) return {};
  const Text wanted("a number", "数");
  const std::string text = TRY(scalar(key, wanted));
  double number = 0;
  if (is_quoted(value(key)) || !parse_number(text, number) || !std::isfinite(number)) {
    return wrong_type(key, wanted, text_here(text),
                      {"write a number without a unit", "写一个不带单位的数"});
  }
  out = number;
  return {};
}

Status YamlMap::read(std::string_view key, std::uint64_t& out) const {
  if (!has(key)) return {};
  const std::string text = TRY(scalar(key, whole_number()));
  std::uint64_t number = 0;
  if (is_quoted(value(key)) || !parse_number(text, number)) {
    return wrong_type(key, {"a whole number from 0", "不小于 0 的整数"}, text_here(text),
                      {"write digits alone, for instance 0", "只写数字，例如 0"});
  }
  out = number;
  return {};
}

Status YamlMap::read(std::string_view key, int& out, int min, int max) const {
  if (!has(key)) return {};
  const std::string text = TRY(scalar(key, whole_number()));
  int number = 0;
  if (is_quoted(value(key)) || !parse_number(text, number)) {
    return wrong_type(key, whole_number(), text_here(text), whole_number_fix(value(key)));
  }
  if (number < min || number > max) {
    const Text range = max == std::numeric_limits<int>::max()
                           ? bilingual("at least {}", "不小于 {} 的数", min)
                           : bilingual("from {} to {}", " {} 到 {} 的数", min, max);
    return wrong_type(key, range, here_is(number),
                      {"change it, or remove the key for the default (docs/plan.md)",
                       "改正它，或删去这个键而用默认值（docs/plan.md）"});
  }
  out = number;
  return {};
}

Result<std::vector<YAML::Node>> YamlMap::read_sequence(std::string_view key) const {
  const YAML::Node& node = value(key);
  if (!node.IsSequence()) {
    return wrong_type(key, {"a list", "列表"}, here_is(kind_of(node)),
                      {"write '- …' lines or [a, b]", "写成 '- …' 的行或 [a, b]"});
  }
  if (node.size() == 0) {
    return error(key, bilingual("{} is an empty list", "{} 是空列表", name_of(key)),
                 {"it needs one entry", "它至少要有一项"},
                 {"add one, or remove the key", "加一项，或删去这个键"});
  }
  std::vector<YAML::Node> nodes;
  for (const auto& entry : node) nodes.push_back(entry);
  return nodes;
}

Status YamlMap::read_strings(std::string_view key, std::vector<std::string>& out) const {
  if (!has(key)) return {};
  std::vector<std::string> words;
  for (const YAML::Node& node : TRY(read_sequence(key))) {
    if (!node.IsScalar()) {
      return error_at(file_, node.Mark(),
                      bilingual("{} must hold text", "{} 里必须是文本", name_of(key)),
                      here_is(kind_of(node)), {"write a list of words", "写成词的列表"});
    }
    if (std::ranges::find(words, node.Scalar()) != words.end()) {
      return error_at(file_, node.Mark(),
                      bilingual("'{}' stands twice in {}", "'{}' 在 {} 中出现两次", node.Scalar(),
                                name_of(key)),
                      {"each may be named once", "每个只能写一次"},
                      {"remove one of them", "删去其中一个"});
    }
    words.push_back(node.Scalar());
  }
  out = std::move(words);
  return {};
}

Status YamlMap::read_object(std::string_view key, nlohmann::json& out) const {
  if (!has(key)) return {};
  const YAML::Node& node = value(key);
  if (!node.IsMap()) {
    return wrong_type(key, {"a map", "映射"}, here_is(kind_of(node)),
                      {"write {key: value}", "写 {key: value}"});
  }
  out = TRY(yaml_to_json(file_, node));
  return {};
}

Status YamlMap::bad_choice(std::string_view key, const std::string& word,
                           const std::vector<std::string>& names) const {
  const std::string near = nearest(word, names);
  return error(key,
               bilingual("{} cannot be '{}'", "{} 不能是 '{}'", name_of(key), word.substr(0, 60)),
               bilingual("it is one of: {}", "只能是：{}", join(names, ", ")),
               near.empty() ? Text("choose one of them", "从中选一个") : meant(near));
}

}  // namespace assay
