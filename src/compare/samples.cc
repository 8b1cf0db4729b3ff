#include "compare/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "compare/mapped_file.h"
#include "compare/sample_scan.h"
#include "report/write.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

// Lines of a file through one buffer, which grows to the longest line.
class LineReader {
 public:
  explicit LineReader(const fs::path& file) : file_(std::fopen(file.c_str(), "rbe")) {}

  [[nodiscard]] bool is_open() const { return file_ != nullptr; }
  [[nodiscard]] bool too_long() const { return too_long_; }

  // False at the end. `ended` is whether the line has its line feed.
  bool next(std::string_view& line, bool& ended) {
    while (true) {
      const void* found =
          begin_ < end_ ? std::memchr(buffer_.data() + searched_, '\n', end_ - searched_) : nullptr;
      if (found != nullptr) {
        const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
        line = std::string_view(buffer_).substr(begin_, at - begin_);
        begin_ = searched_ = at + 1;
        ended = true;
        return true;
      }
      searched_ = end_;
      if (!fill()) break;
    }
    if (begin_ == end_ || too_long_) return false;
    line = std::string_view(buffer_).substr(begin_, end_ - begin_);
    begin_ = searched_ = end_;
    ended = false;
    return true;
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20;
  static constexpr std::size_t kLongestLine = std::size_t{128} << 20;

  bool fill() {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      searched_ -= begin_;
      begin_ = 0;
    }
    if (end_ > kLongestLine) {
      too_long_ = true;
      return false;
    }
    if (buffer_.size() < end_ + kBlock) buffer_.resize(std::max(end_ + kBlock, 2 * end_));
    const std::size_t got =
        std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
    end_ += got;
    return got > 0;
  }

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t searched_ = 0;
  std::size_t end_ = 0;
  bool too_long_ = false;
};

std::unexpected<Error> cannot_open(const fs::path& file) {
  return usage_error(bilingual("cannot read {}", "无法读取 {}", file.string()),
                     {"it cannot be opened", "它打不开"},
                     {"check its permissions", "检查它的权限"});
}

// The objects of one JSON array, as lm-eval up to 0.4.2 wrote samples.
Result<bool> for_each_of_array(const fs::path& file,
                               const std::function<bool(const Fields&)>& use) {
  const MappedFile mapped = TRY(MappedFile::open(file));
  ArrayScanner scanner(mapped.text());
  for (int number = 1; const auto text = scanner.next(); ++number) {
    const auto fields = scan_fields(*text);
    if (!fields) {
      return usage_error(bilingual("sample {} of {} is not a JSON object",
                                   "{1} 的第 {0} 个样本不是 JSON 对象", number, file.string()),
                         {"the file is damaged", "文件已损坏"},
                         {"write the samples again", "重新写出样本"});
    }
    if (!use(*fields)) return false;
  }
  return !scanner.ended();
}

bool is_array(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  char first = ' ';
  while (in.get(first) && (first == ' ' || first == '\n' || first == '\r' || first == '\t')) {
  }
  return in && first == '[';
}

// Calls `use` with each line's fields until it says false. True: the file was cut.
Result<bool> for_each_line(const fs::path& file, const std::function<bool(const Fields&)>& use) {
  if (is_array(file)) return for_each_of_array(file, use);
  LineReader in(file);
  if (!in.is_open()) return cannot_open(file);
  std::string_view line;
  bool ended = true;
  for (int number = 1; in.next(line, ended); ++number) {
    if (trim(line).empty()) continue;
    const auto fields = scan_fields(line);
    if (!fields) {
      if (!ended) return true;
      return usage_error(
          bilingual("{}:{} is not a JSON object", "{}:{} 不是 JSON 对象", file.string(), number),
          {"the line is damaged", "这一行已损坏"},
          {"write the samples again, or remove the line", "重新写出样本，或删去这一行"});
    }
    if (!use(*fields)) return false;
  }
  if (in.too_long()) {
    return usage_error(
        bilingual("cannot use {}", "不能使用 {}", file.string()),
        {"one of its lines is longer than 128 MiB", "其中一行超过 128 MiB"},
        {"name a file of samples, one JSON object a line", "给出样本文件，每行一个 JSON 对象"});
  }
  return false;
}

std::string_view field(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

std::uint64_t mix(std::string_view text, std::uint64_t state) {  // FNV-1a
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return state ^ (state >> 31U);
}

double score_of(const Fields& fields, const SampleChoice& choice) {
  const auto value = scanned_number(field(fields, choice.metric));
  if (!value || *value < 0 || *value > 1) return std::numeric_limits<double>::quiet_NaN();
  return choice.higher_is_better ? *value : 1 - *value;
}

// `list`: as a line of assay holds it, a score or null for each repeat.
std::vector<RepeatScore> by_repeat(std::string_view list, const SampleChoice& choice) {
  std::vector<RepeatScore> out;
  ArrayScanner scores(list);
  for (int repeat = 0; const auto text = scores.next(); ++repeat) {
    const auto value = scanned_number(*text);
    if (!value || *value < 0 || *value > 1) continue;
    out.push_back({repeat, choice.higher_is_better ? *value : 1 - *value});
  }
  return out;
}

bool is_other_filter(const Fields& fields, const SampleChoice& choice) {
  if (choice.filter.empty()) return false;
  const auto filter = scanned_string(field(fields, "filter"));
  return filter && *filter != choice.filter;
}

// One response an option, each [[log-likelihood, is greedy]].
int options_of(const Fields& fields) {
  ArrayScanner responses(field(fields, "resps"));
  int options = 0;
  while (responses.next()) ++options;
  return options;
}

// False where the options' log-likelihoods tell none of them: one is no number, or all are alike.
// lm-eval takes the first of them then.
bool tells_option(const Fields& fields) {
  ArrayScanner responses(field(fields, "resps"));
  std::optional<double> first;
  bool alike = true;
  int options = 0;
  while (const auto response = responses.next()) {
    // [[-1.5, false]], or as text [["-1.5", "False"]]
    const std::size_t begin = response->find_first_not_of("[\" \n");
    if (begin == std::string_view::npos) return true;
    const std::string text(response->substr(begin, 64));
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (end == text.c_str()) return !text.starts_with("null");  // no log-likelihoods at all
    if (std::isnan(value)) return false;
    alike = alike && (!first || value == *first);
    if (!first) first = value;
    ++options;
  }
  return options < 2 || !alike;
}

// What the answer is held against. Old files have no hash of it, and wrote numbers with or without
// quotes.
std::uint32_t hash_of_target(const Fields& fields, const SampleChoice& choice) {
  std::string_view target = field(fields, choice.by_target_hash ? "target_hash" : "target");
  if (target.size() > 1 && target.front() == '"') target = target.substr(1, target.size() - 2);
  if (target.empty()) return 0;
  return static_cast<std::uint32_t>(mix(target, 0xcbf29ce484222325ULL)) | 1U;
}

// Of rows ordered by id.
std::uint64_t number_of_documents(const std::vector<SampleRow>& rows) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool again =
        i > 0 && rows[i].id_high == rows[i - 1].id_high && rows[i].id_low == rows[i - 1].id_low;
    count += again ? 0 : 1;
  }
  return count;
}

std::uint32_t doc_id_of(const Fields& fields) {
  const auto number = scanned_number(field(fields, "doc_id"));
  return number && *number >= 0 && *number < 4e9 ? static_cast<std::uint32_t>(*number) : 0;
}

// Fields of every sample that are no metric, however much a number they hold.
bool is_reserved(std::string_view name) {
  static constexpr std::array<std::string_view, 12> names = {
      "doc_id",   "doc",         "target",      "arguments", "resps",         "filtered_resps",
      "doc_hash", "prompt_hash", "target_hash", "filter",    "finish_reason", "outcome"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_of_assay(const Fields& fields) {
  return !field(fields, "outcome").empty();
}

// Arguments of the first request: {"gen_args_0": {"arg_0": prompt, "arg_1": {…}}}, before lm-eval
// 0.4.5 [[prompt, {…}]].
OrderedJson generation_of(const Fields& fields) {
  // Ours lack the stop strings, and a run's plan says the rest.
  if (is_of_assay(fields)) return {};
  constexpr std::size_t kDeepestArguments = 200;
  const std::string_view arguments = field(fields, "arguments");
  if (nesting_of(arguments) > kDeepestArguments) return {};
  const OrderedJson all = OrderedJson::parse(arguments, nullptr, /*allow_exceptions=*/false);
  const auto first = [](const OrderedJson& value) {
    return (value.is_object() || value.is_array()) && !value.empty() ? *value.begin()
                                                                     : OrderedJson();
  };
  const OrderedJson request = first(all);
  OrderedJson out;
  if (request.is_object()) out = request.value("arg_1", OrderedJson());
  if (request.is_array() && request.size() > 1) out = request[1];
  return out.is_object() ? out : OrderedJson();
}

SampleLayout layout_of(const Fields& fields) {
  SampleLayout out;
  out.has_doc_hash = scanned_string(field(fields, "doc_hash")).has_value();
  out.has_target_hash = scanned_string(field(fields, "target_hash")).has_value();
  out.filter = scanned_string(field(fields, "filter")).value_or("");
  if (const auto list = parse_json(field(fields, "metrics"), ""); list && list->is_array()) {
    for (const Json& name : *list) {
      if (name.is_string()) out.metrics.push_back(name.get<std::string>());
    }
  }
  out.generation = generation_of(fields);
  out.generated =
      out.generation.is_object() || is_of_assay(fields) || field(fields, "arguments").empty();
  // Before lm-eval 0.4.7 the metrics were not listed: every further field with a number is one.
  if (!out.metrics.empty()) return out;
  for (const auto& [name, value] : fields) {
    const bool figure = scanned_number(value) || value == "NaN" || value == "null" ||
                        value == "Infinity" || value == "-Infinity";
    if (figure && !is_reserved(name)) out.metrics.emplace_back(name);
  }
  return out;
}

}  // namespace

bool has_samples(const fs::path& file) {
  bool found = false;
  const auto read = for_each_line(file, [&found](const Fields&) {
    found = true;
    return false;
  });
  return found || !read;  // what is damaged is said by who reads it
}

Result<SampleLayout> sample_layout(const fs::path& file, const std::string& filter) {
  std::optional<SampleLayout> first;
  std::optional<SampleLayout> of_filter;
  TRY(for_each_line(file, [&](const Fields& fields) {
    if (!first) first = layout_of(fields);
    if (scanned_string(field(fields, "filter")).value_or("") == filter) {
      of_filter = layout_of(fields);
    }
    return !filter.empty() && !of_filter;
  }));
  if (!first) {
    return usage_error(
        bilingual("no sample in {}", "{} 里没有样本", file.string()),
        {"it holds no whole line", "它没有一行是完整的"},
        {"write the samples again, or remove the file", "重新写出样本，或删去这个文件"});
  }
  return of_filter ? *of_filter : *first;
}

Result<SampleTable> read_samples(const fs::path& file, const SampleChoice& choice) {
  SampleTable out;
  const std::string repeats = by_repeat_key(choice.metric);
  std::uint64_t bytes = 0;
  std::error_code code;
  const std::uintmax_t size = fs::file_size(file, code);
  const auto cut = TRY(for_each_line(file, [&](const Fields& fields) {
    if (is_other_filter(fields, choice)) return true;
    SampleRow row;
    row.doc_id = doc_id_of(fields);
    const std::string_view id = field(fields, choice.by_doc_hash ? "doc_hash" : "doc_id");
    row.id_high = mix(id, mix(choice.group_member, 0xcbf29ce484222325ULL));
    row.id_low = mix(id, mix(choice.group_member, 0x9ae16a3b2f90404fULL));
    if (const auto prompt = scanned_string(field(fields, "prompt_hash")); prompt) {
      row.prompt = static_cast<std::uint32_t>(mix(*prompt, 0xcbf29ce484222325ULL)) | 1U;
    }
    row.target = hash_of_target(fields, choice);
    if (const auto responses = field(fields, "resps"); !responses.empty()) {
      // Not by mix(), which goes byte by byte: these are long.
      row.answer = static_cast<std::uint32_t>(std::hash<std::string_view>()(responses)) | 1U;
      out.answer_bytes += static_cast<std::int64_t>(responses.size());
    }
    row.score = score_of(fields, choice);
    if (choice.count_options && !tells_option(fields)) {
      row.score = std::numeric_limits<double>::quiet_NaN();
    }
    if (std::isnan(row.score)) ++out.unscored;
    if (const auto list = field(fields, repeats); !list.empty()) {
      auto answers = by_repeat(list, choice);
      out.by_repeat[{row.id_high, row.id_low}] = std::move(answers);
    }
    if (choice.look_at_answers) look_at(fields, out.answers);
    if (const int options = choice.count_options ? options_of(fields) : 0; options > 1) {
      ++out.guessable;
      out.guess_sum += 1.0 / options;
    }
    // Memory is asked for once, by the length of the first thousand lines.
    if (!fields.empty() && out.rows.size() < 1000) {
      bytes +=
          static_cast<std::uint64_t>(fields.back().second.end() - fields.front().first.begin());
    }
    if (out.rows.size() == 1000 && !code) {
      out.rows.reserve(static_cast<std::size_t>(1.05 * 1000 * static_cast<double>(size) /
                                                static_cast<double>(bytes + 1)) +
                       1000);
    }
    out.rows.push_back(row);
    return true;
  }));
  out.cut = cut;
  std::uint32_t last = 0;
  for (const SampleRow& row : out.rows) last = std::max(last, row.doc_id);
  // Stable without a second copy of the rows: they are few where order within a document counts.
  const auto by_id = [](const SampleRow& a, const SampleRow& b) {
    return std::pair(a.id_high, a.id_low) < std::pair(b.id_high, b.id_low);
  };
  if (choice.filter.empty()) {
    std::stable_sort(out.rows.begin(), out.rows.end(), by_id);
  } else {
    std::sort(out.rows.begin(), out.rows.end(), by_id);
  }
  out.has_gaps = number_of_documents(out.rows) != std::uint64_t{last} + (out.rows.empty() ? 0 : 1);
  return out;
}

bool keep_filter(SampleTable& table, const std::vector<double>& means, std::size_t wanted) {
  const std::size_t filters = means.size();
  std::vector<double> sums(filters, 0);
  std::vector<double> counts(filters, 0);
  for (std::size_t at = 0; at < table.rows.size(); at += filters) {
    for (std::size_t k = 0; k < filters; ++k) {
      if (at + k >= table.rows.size()) return false;
      const SampleRow& row = table.rows[at + k];
      if (row.id_high != table.rows[at].id_high || row.id_low != table.rows[at].id_low) {
        return false;
      }
      if (std::isnan(row.score)) continue;
      sums[k] += row.score;
      ++counts[k];
    }
  }
  // The order of the results file first: with equal means it is the one that lm-eval wrote.
  std::vector<std::size_t> order(filters);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto fits = [&] {
    for (std::size_t k = 0; k < filters; ++k) {
      if (!(std::abs(sums[k] / counts[k] - means[order[k]]) < 5e-4)) return false;
    }
    return true;
  };
  bool found = fits();
  while (!found && filters < 6 && std::next_permutation(order.begin(), order.end())) {
    found = fits();
  }
  if (!found) return false;
  const auto line =
      static_cast<std::size_t>(std::find(order.begin(), order.end(), wanted) - order.begin());
  std::vector<SampleRow> kept;
  table.unscored = 0;
  for (std::size_t at = line; at < table.rows.size(); at += filters) {
    kept.push_back(table.rows[at]);
    if (std::isnan(table.rows[at].score)) ++table.unscored;
  }
  table.rows = std::move(kept);
  return true;
}

Result<std::string> text_of(const fs::path& file, std::uint32_t doc_id, const std::string& name) {
  std::string out;
  TRY(for_each_line(file, [&](const Fields& fields) {
    if (doc_id_of(fields) != doc_id) return true;
    out = scanned_string(field(fields, name)).value_or(std::string(field(fields, name)));
    return out.empty();
  }));
  return out;
}

}  // namespace assay
