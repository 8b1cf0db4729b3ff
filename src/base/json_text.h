// JSON written straight as text, byte for byte as nlohmann's library does, in a fraction of the
// time: it decodes each character of a prompt of some thousand, and makes trees of a million
// answers that are written once.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// What dump_json gives, appended to `out`.
void append_json(std::string& out, const nlohmann::json& value);
// A string's text, in quotes; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
void append_json_number(std::string& out, double number);

// An object whose fields come in any order; like those of a tree they stand by name, and of two of
// one name the later counts.
class JsonObjectText {
 public:
  // What is appended to the text it gives, before the next call, is this field's value.
  [[nodiscard]] std::string& field(std::string_view name);
  void append_to(std::string& out);
  void clear();  // to be used again

 private:
  struct Field {
    std::string name;
    std::size_t at = 0;   // of its value, in values_
    std::size_t end = 0;  // once the next one has begun
  };
  std::vector<Field> fields_;
  std::string values_;
};

}  // namespace assay
