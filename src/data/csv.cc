#include "data/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace assay {
namespace {

struct Record {
  std::vector<std::string> fields;
  std::size_t line = 0;
};

class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& where) : rest_(text), where_(where) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  Result<Record> next() {
    Record record;
    record.line = line_;
    while (true) {
      record.fields.push_back(TRY(field()));
      if (rest_.starts_with(',')) {
        rest_.remove_prefix(1);
        continue;
      }
      if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
      if (!rest_.empty()) {  // the line end
        rest_.remove_prefix(1);
        ++line_;
      }
      return record;
    }
  }

 private:
  std::unexpected<Error> bad(std::size_t line, std::string why) const {
    return usage_error(bilingual("{}:{} is not valid CSV", "{}:{} 不是有效的 CSV", where_, line),
                       std::move(why),
                       {"quote fields as RFC 4180 has it, or fetch the file again",
                        "按 RFC 4180 给字段加引号，或重新取这个文件"});
  }

  [[nodiscard]] bool at_field_end() const {
    return rest_.empty() || rest_[0] == ',' || rest_[0] == '\n' || rest_.starts_with("\r\n");
  }

  Result<std::string> field() {
    if (rest_.starts_with('"')) return quoted();
    std::string value;
    while (!at_field_end()) {
      if (rest_[0] == '"') return bad(line_, "a quote stands inside a field that is not quoted");
      value.push_back(rest_[0]);
      rest_.remove_prefix(1);
    }
    return value;
  }

  Result<std::string> quoted() {
    const std::size_t first_line = line_;
    rest_.remove_prefix(1);
    std::string value;
    while (true) {
      const std::size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) return bad(first_line, "a quote is never closed");
      const std::string_view piece = rest_.substr(0, quote);
      line_ += static_cast<std::size_t>(std::ranges::count(piece, '\n'));
      value.append(piece);
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) break;
      value.push_back('"');
      rest_.remove_prefix(1);
    }
    if (!at_field_end()) return bad(line_, "text follows a closing quote");
    return value;
  }

  std::string_view rest_;
  const std::string& where_;
  std::size_t line_ = 1;
};

}  // namespace

Result<RowList> read_csv(std::string_view text, const std::string& where) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!is_valid_utf8(text)) {
    return usage_error(bilingual("{} is not text", "{} 不是文本", where),
                       {"it is not valid UTF-8", "它不是有效的 UTF-8"},
                       {"save it as UTF-8", "保存为 UTF-8"});
  }
  CsvReader reader(text, where);
  if (reader.at_end()) {
    return usage_error(bilingual("{} is empty", "{} 是空的", where),
                       {"the first line names the fields", "第一行是字段名"},
                       {"check the file", "检查这个文件"});
  }
  const Record header = TRY(reader.next());
  std::set<std::string_view> names;
  for (const std::string& name : header.fields) {
    if (names.insert(name).second) continue;
    return usage_error(
        bilingual("{}:1 names '{}' twice", "{}:1 中 '{}' 出现两次", where, name.substr(0, 60)),
        {"fields are told apart by their names", "字段以名称区分"},
        {"rename one column", "给其中一列改名"});
  }
  RowList rows;
  while (!reader.at_end()) {
    Record record = TRY(reader.next());
    if (record.fields.size() == 1 && record.fields[0].empty()) continue;  // an empty line
    std::string place = fmt::format("{}:{}", where, record.line);
    if (record.fields.size() != header.fields.size()) {
      return usage_error(bilingual("{} has another number of fields than the first line",
                                   "{} 的字段数与第一行不同", place),
                         bilingual("{} instead of {}", "{} 个，应为 {} 个", record.fields.size(),
                                   header.fields.size()),
                         {"correct the file, or fetch it again", "改正这个文件，或重新取"});
    }
    nlohmann::json fields = nlohmann::json::object();
    for (std::size_t i = 0; i < header.fields.size(); ++i) {
      fields[header.fields[i]] = std::move(record.fields[i]);
    }
    rows.push_back({std::move(fields), std::move(place)});
  }
  return rows;
}

}  // namespace assay
