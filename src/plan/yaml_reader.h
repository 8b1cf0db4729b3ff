// Strict reading of YAML maps: every error names file, line and column; unknown keys, duplicate
// keys and values of another type are errors. Used by the plan parser alone.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/language.h"
#include "base/result.h"

namespace assay {

// A usage error whose `what` begins with "file:line:column: ".
[[nodiscard]] std::unexpected<Error> error_at(const std::string& file, const YAML::Mark& mark,
                                              const Text& what, const Text& why, const Text& fix);

// A scalar as it is written, for a message; "…" for anything else and where it is long.
[[nodiscard]] std::string value_words(const YAML::Node& node);

// Parses one document; at most 1 MiB, valid UTF-8, no second document.
[[nodiscard]] Result<YAML::Node> parse_yaml(std::string_view text, const std::string& file);

// Plain scalars become null, true, false, integers and floats as YAML 1.2's core schema has them
// (decimal only), all else text. Explicit tags, .inf and .nan are errors. Bounded in size and
// depth.
[[nodiscard]] Result<nlohmann::json> yaml_to_json(const std::string& file, const YAML::Node& node);

// One map of the plan. The read functions leave `out` as it is when the key is not there.
class YamlMap {
 public:
  // `path` is how errors name the map ("tasks[1]"), `known` the keys it may hold; an empty list
  // admits any key. `parent` is where the error points to when the node is empty.
  [[nodiscard]] static Result<YamlMap> open(std::string file, const YAML::Node& node,
                                            std::string path, std::vector<std::string> known);

  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] const YAML::Node& value(std::string_view key) const;  // key must be there
  [[nodiscard]] YAML::Mark mark_of(
      std::string_view key) const;  // of the value; the map's if absent
  [[nodiscard]] YAML::Mark mark_of_key(std::string_view key) const;
  [[nodiscard]] YAML::Mark mark() const { return mark_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::vector<std::string> keys() const;
  // "tasks[1].limit"
  [[nodiscard]] std::string name_of(std::string_view key) const;

  [[nodiscard]] Status read(std::string_view key, std::string& out) const;
  [[nodiscard]] Status read(std::string_view key, bool& out) const;
  [[nodiscard]] Status read(std::string_view key, double& out) const;
  [[nodiscard]] Status read(std::string_view key, std::uint64_t& out) const;
  [[nodiscard]] Status read(std::string_view key, int& out, int min,
                            int max = std::numeric_limits<int>::max()) const;
  [[nodiscard]] Status read_strings(std::string_view key, std::vector<std::string>& out) const;
  // Any map, as JSON.
  [[nodiscard]] Status read_object(std::string_view key, nlohmann::json& out) const;
  // A sequence with at least one entry.
  [[nodiscard]] Result<std::vector<YAML::Node>> read_sequence(std::string_view key) const;
  template <typename Enum>
  [[nodiscard]] Status read_choice(std::string_view key, Enum& out,
                                   const std::vector<std::pair<std::string, Enum>>& choices) const {
    if (!has(key)) return {};
    std::string word;
    if (Status status = read(key, word); !status) return status;
    std::vector<std::string> names;
    for (const auto& [name, choice] : choices) {
      names.push_back(name);
      if (name == word) {
        out = choice;
        return {};
      }
    }
    return bad_choice(key, word, names);
  }

  // An error that points at the key's value (or at the map when the key is not there).
  [[nodiscard]] std::unexpected<Error> error(std::string_view key, const Text& what,
                                             const Text& why, const Text& fix) const;
  [[nodiscard]] std::unexpected<Error> missing(std::string_view key, const Text& why,
                                               const Text& fix) const;

 private:
  struct Entry {
    std::string key;
    YAML::Mark key_mark;
    YAML::Node value;
  };
  [[nodiscard]] const Entry* find(std::string_view key) const;
  [[nodiscard]] Status bad_choice(std::string_view key, const std::string& word,
                                  const std::vector<std::string>& names) const;
  [[nodiscard]] Result<std::string> scalar(std::string_view key, const Text& wanted) const;
  [[nodiscard]] std::unexpected<Error> wrong_type(std::string_view key, const Text& wanted,
                                                  const Text& here, const Text& fix) const;

  std::string file_;
  std::string path_;
  YAML::Mark mark_;
  std::vector<Entry> entries_;
};

}  // namespace assay
