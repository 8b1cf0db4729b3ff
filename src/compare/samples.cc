#include "compare/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "compare/sample_scan.h"

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
  return usage_error("cannot read " + file.string(), "it cannot be opened",
                     "check its permissions");
}

// Calls `use` with each line's fields until it says false. True: the file was cut.
Result<bool> for_each_line(const fs::path& file, const std::function<bool(const Fields&)>& use) {
  LineReader in(file);
  if (!in.is_open()) return cannot_open(file);
  std::string_view line;
  bool ended = true;
  for (int number = 1; in.next(line, ended); ++number) {
    if (trim(line).empty()) continue;
    const auto fields = scan_fields(line);
    if (!fields) {
      if (!ended) return true;
      return usage_error(fmt::format("{}:{} is not a JSON object", file.string(), number),
                         "the line is damaged", "write the samples again, or remove the line");
    }
    if (!use(*fields)) return false;
  }
  if (in.too_long()) {
    return usage_error("cannot use " + file.string(), "one of its lines is longer than 128 MiB",
                       "name a file of samples, one JSON object a line");
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

bool is_other_filter(const Fields& fields, const SampleChoice& choice) {
  if (choice.filter.empty()) return false;
  const auto filter = scanned_string(field(fields, "filter"));
  return filter && *filter != choice.filter;
}

std::uint32_t doc_id_of(const Fields& fields) {
  const auto number = scanned_number(field(fields, "doc_id"));
  return number && *number >= 0 && *number < 4e9 ? static_cast<std::uint32_t>(*number) : 0;
}

SampleLayout layout_of(const Fields& fields) {
  SampleLayout out;
  out.has_doc_hash = scanned_string(field(fields, "doc_hash")).has_value();
  out.filter = scanned_string(field(fields, "filter")).value_or("");
  if (const auto list = parse_json(field(fields, "metrics"), ""); list && list->is_array()) {
    for (const Json& name : *list) {
      if (name.is_string()) out.metrics.push_back(name.get<std::string>());
    }
  }
  // Before lm-eval 0.4.4 the metrics were not listed: every further field with a number is one.
  if (!out.metrics.empty()) return out;
  for (const auto& [name, value] : fields) {
    if (name != "doc_id" && scanned_number(value)) out.metrics.emplace_back(name);
  }
  return out;
}

}  // namespace

Result<SampleLayout> sample_layout(const fs::path& file, const std::string& filter) {
  std::optional<SampleLayout> out;
  TRY(for_each_line(file, [&](const Fields& fields) {
    const bool wanted = filter.empty() || scanned_string(field(fields, "filter")) == filter;
    if (!out || wanted) out = layout_of(fields);
    return !wanted;
  }));
  if (out) return *std::move(out);
  return usage_error("no sample in " + file.string(), "it holds no whole line",
                     "write the samples again, or remove the file");
}

Result<SampleTable> read_samples(const fs::path& file, const SampleChoice& choice) {
  SampleTable out;
  std::uint64_t bytes = 0;
  std::error_code code;
  const std::uintmax_t size = fs::file_size(file, code);
  const auto cut = TRY(for_each_line(file, [&](const Fields& fields) {
    if (is_other_filter(fields, choice)) return true;
    SampleRow row;
    row.doc_id = doc_id_of(fields);
    const std::string_view id = field(fields, choice.by_doc_hash ? "doc_hash" : "doc_id");
    row.id_high = mix(id, 0xcbf29ce484222325ULL);
    row.id_low = mix(id, 0x9ae16a3b2f90404fULL);
    if (const auto prompt = scanned_string(field(fields, "prompt_hash")); prompt) {
      row.prompt = static_cast<std::uint32_t>(mix(*prompt, 0xcbf29ce484222325ULL)) | 1U;
    }
    row.score = score_of(fields, choice);
    if (std::isnan(row.score)) ++out.unscored;
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
  std::sort(out.rows.begin(), out.rows.end(), [](const SampleRow& a, const SampleRow& b) {
    return std::pair(a.id_high, a.id_low) < std::pair(b.id_high, b.id_low);
  });
  return out;
}

Result<std::string> prompt_hash_of(const fs::path& file, std::uint32_t doc_id) {
  std::string out;
  TRY(for_each_line(file, [&](const Fields& fields) {
    if (doc_id_of(fields) != doc_id) return true;
    out = scanned_string(field(fields, "prompt_hash")).value_or("");
    return out.empty();
  }));
  return out;
}

}  // namespace assay
