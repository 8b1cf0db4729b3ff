// One file of samples, as little of it as a comparison needs, in 32 bytes a line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

struct SampleRow {
  std::uint64_t id_high = 0;  // hash of doc_hash, or of doc_id
  std::uint64_t id_low = 0;
  std::uint32_t doc_id = 0;
  std::uint32_t prompt = 0;  // hash of prompt_hash; 0: not said
  double score = 0;          // in [0, 1]; NaN: unscored
};

// What the first line of a file, or of one filter's lines, says about the rest.
struct SampleLayout {
  std::vector<std::string> metrics;  // in the file's order
  std::string filter;                // of that line; empty: the format knows none
  bool has_doc_hash = false;
};

struct SampleChoice {
  std::string metric;
  std::string filter;  // lines of other filters are passed over; empty: all lines count
  bool by_doc_hash = false;
  bool higher_is_better = true;  // else 1 - score
};

struct SampleTable {
  std::vector<SampleRow> rows;  // ordered by id; a document's several lines stand together
  std::int64_t unscored = 0;    // no number, NaN, or outside 0 to 1
  bool cut = false;             // the file ends within a line, which was left out
};

// By the first line of this filter; by the file's first where `filter` is empty or no line has it.
// Errors: the file cannot be read, or holds no whole line (usage).
[[nodiscard]] Result<SampleLayout> sample_layout(const std::filesystem::path& file,
                                                 const std::string& filter = "");

// Streams the file. A line that is no JSON object is a usage error naming it, unless it is the last
// and has no end: then the file was cut, which `cut` says.
[[nodiscard]] Result<SampleTable> read_samples(const std::filesystem::path& file,
                                               const SampleChoice& choice);

// The prompt_hash of the first line with this doc_id; empty: none.
[[nodiscard]] Result<std::string> prompt_hash_of(const std::filesystem::path& file,
                                                 std::uint32_t doc_id);

}  // namespace assay
