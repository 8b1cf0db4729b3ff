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

std::string kind_of(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Null:
      return "nothing";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a map";
    case YAML::NodeType::Scalar:
      return fmt::format("'{}'", node.Scalar().substr(0, 60));
    default:
      return "nothing";
  }
}

// How to write a whole number, by what stands in its place.
std::string whole_number_fix(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == std::string::npos && !text.empty()) return "write it without quotes";
  const std::string_view rest =
      std::string_view(text).substr(digits == std::string::npos ? 0 : digits);
  if ((rest == "k" || rest == "K") && digits > 0 && digits < 7) {
    const int thousands = std::stoi(text.substr(0, digits));
    return fmt::format("write digits alone: {} or {}", thousands * 1024, thousands * 1000);
  }
  return "write digits alone";
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

std::unexpected<Error> error_at(const std::string& file, const YAML::Mark& mark,
                                const std::string& what, std::string why, std::string fix) {
  const std::string place =
      mark.is_null() ? file : fmt::format("{}:{}:{}", file, mark.line + 1, mark.column + 1);
  // What is quoted from the plan may have been cut within a character.
  why = sanitize_utf8(why);
  return usage_error(place + ": " + sanitize_utf8(what), std::move(why), std::move(fix));
}

Result<YAML::Node> parse_yaml(std::string_view text, const std::string& file) {
  if (text.size() > kLargestPlanBytes) {
    return usage_error(file + ": the plan is too large", "it has more than 1 MiB",
                       "is this the right file?");
  }
  if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos) {
    return usage_error(file + ": the plan is not text", "it is not valid UTF-8",
                       "save it as UTF-8");
  }
  try {
    if (const auto second = second_document(std::string(text))) {
      return error_at(file, *second, "a second document begins", "a plan is one YAML document",
                      "remove the line '---', or what should not stand there");
    }
    YAML::Node document = YAML::Load(std::string(text));
    if (!document.IsDefined() || document.IsNull()) {
      return usage_error(file + ": the plan is empty", "it holds no YAML document",
                         "docs/plan.md has an example to start from");
    }
    return document;
  } catch (const YAML::Exception& e) {
    return error_at(file, e.mark, "this is not valid YAML", e.msg,
                    tab_indents_line(text, e.mark)
                        ? "indent with spaces: YAML takes no tabs"
                        : "check indentation, quotes and brackets around this place");
  } catch (const std::exception& e) {
    return usage_error(file + ": this is not valid YAML", e.what(), "check the file");
  }
}

Result<YamlMap> YamlMap::open(std::string file, const YAML::Node& node, std::string path,
                              std::vector<std::string> known) {
  YamlMap map;
  map.file_ = std::move(file);
  map.path_ = std::move(path);
  map.mark_ = node.Mark();
  const std::string name = map.path_.empty() ? "the plan" : map.path_;
  if (!node.IsMap()) {
    return error_at(map.file_, map.mark_, name + " must be a map",
                    fmt::format("here is {}", kind_of(node)), "write it as 'key: value' lines");
  }
  for (const auto& pair : node) {
    if (!pair.first.IsScalar()) {
      return error_at(map.file_, pair.first.Mark(), fmt::format("a key of {} is no word", name),
                      fmt::format("here is {}", kind_of(pair.first)), "write 'key: value'");
    }
    Entry entry{pair.first.Scalar(), pair.first.Mark(), pair.second};
    if (entry.key == "<<") {
      return error_at(map.file_, entry.key_mark, "merge keys ('<<') are not supported",
                      "a plan says each thing where it stands", "write the keys out");
    }
    if (map.find(entry.key) != nullptr) {
      return error_at(map.file_, entry.key_mark,
                      fmt::format("key '{}' stands twice in {}", entry.key, name),
                      "the second would silently win", "remove one of them");
    }
    if (!known.empty() && std::ranges::find(known, entry.key) == known.end()) {
      const std::string near = nearest(entry.key, known);
      std::string fix = right_spelling(entry.key, map.path_, value_words(entry.value));
      if (fix.empty()) {
        fix = near.empty() ? "remove it, or see docs/plan.md"
                           : fmt::format("did you mean '{}'?", near);
      }
      return error_at(map.file_, entry.key_mark,
                      fmt::format("unknown key '{}' in {}", entry.key.substr(0, 60), name),
                      "known keys: " + join(known, ", "), std::move(fix));
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

std::unexpected<Error> YamlMap::error(std::string_view key, const std::string& what,
                                      std::string why, std::string fix) const {
  return error_at(file_, mark_of(key), what, std::move(why), std::move(fix));
}

std::unexpected<Error> YamlMap::missing(std::string_view key, std::string why,
                                        std::string fix) const {
  return error_at(file_, mark_, fmt::format("{} is missing", name_of(key)), std::move(why),
                  std::move(fix));
}

Result<std::string> YamlMap::scalar(std::string_view key, std::string_view wanted) const {
  const YAML::Node& node = value(key);
  if (node.IsScalar()) return node.Scalar();
  return error(key, fmt::format("{} must be {}", name_of(key), wanted),
               fmt::format("here is {}", kind_of(node)),
               node.IsNull() ? "give it a value or remove the key" : "see docs/plan.md");
}

Status YamlMap::read(std::string_view key, std::string& out) const {
  if (!has(key)) return {};
  out = TRY(scalar(key, "text"));
  return {};
}

Status YamlMap::read(std::string_view key, bool& out) const {
  if (!has(key)) return {};
  const std::string text = TRY(scalar(key, "true or false"));
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
  return error(key, fmt::format("{} must be true or false", name_of(key)),
               fmt::format("here is '{}'", text.substr(0, 60)), "write true or false, unquoted");
}

Status YamlMap::read(std::string_view key, double& out) const {
  if (!has(key)) return {};
  const std::string text = TRY(scalar(key, "a number"));
  double number = 0;
  if (is_quoted(value(key)) || !parse_number(text, number) || !std::isfinite(number)) {
    return error(key, fmt::format("{} must be a number", name_of(key)),
                 fmt::format("here is '{}'", text.substr(0, 60)), "write a number without a unit");
  }
  out = number;
  return {};
}

Status YamlMap::read(std::string_view key, std::uint64_t& out) const {
  if (!has(key)) return {};
  const std::string text = TRY(scalar(key, "a whole number"));
  std::uint64_t number = 0;
  if (is_quoted(value(key)) || !parse_number(text, number)) {
    return error(key, fmt::format("{} must be a whole number from 0", name_of(key)),
                 fmt::format("here is '{}'", text.substr(0, 60)),
                 "write digits alone, for instance 0");
  }
  out = number;
  return {};
}

Status YamlMap::read(std::string_view key, int& out, int min, int max) const {
  if (!has(key)) return {};
  const std::string text = TRY(scalar(key, "a whole number"));
  int number = 0;
  if (is_quoted(value(key)) || !parse_number(text, number)) {
    return error(key, fmt::format("{} must be a whole number", name_of(key)),
                 fmt::format("here is '{}'", text.substr(0, 60)), whole_number_fix(value(key)));
  }
  if (number < min || number > max) {
    const std::string range = max == std::numeric_limits<int>::max()
                                  ? fmt::format("at least {}", min)
                                  : fmt::format("from {} to {}", min, max);
    return error(key, fmt::format("{} must be {}", name_of(key), range),
                 fmt::format("here is {}", number),
                 "change it, or remove the key for the default (docs/plan.md)");
  }
  out = number;
  return {};
}

Result<std::vector<YAML::Node>> YamlMap::read_sequence(std::string_view key) const {
  const YAML::Node& node = value(key);
  if (!node.IsSequence()) {
    return error(key, fmt::format("{} must be a list", name_of(key)),
                 fmt::format("here is {}", kind_of(node)), "write '- …' lines or [a, b]");
  }
  if (node.size() == 0) {
    return error(key, fmt::format("{} is an empty list", name_of(key)), "it needs one entry",
                 "add one, or remove the key");
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
      return error_at(file_, node.Mark(), fmt::format("{} must hold text", name_of(key)),
                      fmt::format("here is {}", kind_of(node)), "write a list of words");
    }
    if (std::ranges::find(words, node.Scalar()) != words.end()) {
      return error_at(file_, node.Mark(),
                      fmt::format("'{}' stands twice in {}", node.Scalar(), name_of(key)),
                      "each may be named once", "remove one of them");
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
    return error(key, fmt::format("{} must be a map", name_of(key)),
                 fmt::format("here is {}", kind_of(node)), "write {key: value}");
  }
  out = TRY(yaml_to_json(file_, node));
  return {};
}

Status YamlMap::bad_choice(std::string_view key, const std::string& word,
                           const std::vector<std::string>& names) const {
  const std::string near = nearest(word, names);
  return error(key, fmt::format("{} cannot be '{}'", name_of(key), word.substr(0, 60)),
               "it is one of: " + join(names, ", "),
               near.empty() ? "choose one of them" : fmt::format("did you mean '{}'?", near));
}

}  // namespace assay
