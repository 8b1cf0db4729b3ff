// One file of samples, as little of it as a comparison needs, in 40 bytes a line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compare/answers.h"
#include "compare/result_file.h"
#include "values/looks.h"

namespace assay {

struct SampleRow {
  std::uint64_t id_high = 0;  // hash of doc_hash, or of doc_id
  std::uint64_t id_low = 0;
  std::uint32_t doc_id = 0;
  std::uint32_t prompt = 0;  // hash of prompt_hash; 0: not said
  std::uint32_t target = 0;  // of target_hash, else of the target itself; 0: not said
  std::uint32_t answer = 0;  // of the responses; 0: there are none
  double score = 0;          // in [0, 1]; NaN: unscored
};

// What the first line of a file, or of one filter's lines, says about the rest.
struct SampleLayout {
  std::vector<std::string> metrics;  // in the file's order
  std::string filter;                // of the first line; empty: the format knows none
  bool has_doc_hash = false;
  bool has_target_hash = false;
  OrderedJson generation;  // arguments of its generation, an object; null: none are told
  bool generated = true;   // false: its arguments ask for log-likelihoods, not for text
};

struct SampleChoice {
  std::string metric;
  std::string filter;  // lines of other filters are passed over; empty: all lines count
  bool by_doc_hash = false;
  bool by_target_hash = false;
  bool higher_is_better = true;  // else 1 - score
  std::string group_member;      // the task, where several are one: their documents are told apart
  bool look_at_answers = false;
  bool count_options = false;  // its lines ask for log-likelihoods
};

// The scores of one document's several answers, ascending by repeat.
using DocumentKey = std::pair<std::uint64_t, std::uint64_t>;  // id_high, id_low of its row
using AnswersByDocument = std::map<DocumentKey, std::vector<RepeatScore>>;

struct SampleTable {
  // Ordered by id; a document's several lines stand together, in the file's order.
  std::vector<SampleRow> rows;
  std::int64_t unscored = 0;  // no number, NaN, or outside 0 to 1
  bool cut = false;           // the file ends within a line, which was left out
  // Its doc_ids are not 0, 1, 2, … without a hole: documents were left out by more than a limit.
  bool has_gaps = false;
  std::int64_t answer_bytes = 0;  // of the responses of all rows, as the file has them
  AnswerCounts answers;
  // Of lines of assay that hold a score for each answer, and so several: `score` is their mean.
  AnswersByDocument by_repeat;
  // Of lines that chose among options by their log-likelihoods: how many, and the sum of 1 /
  // options.
  std::int64_t guessable = 0;
  double guess_sum = 0;
};

// False: the file holds no whole line, as one does whose writing was broken off at once.
[[nodiscard]] bool has_samples(const std::filesystem::path& file);

// By the first line of this filter; by the file's first where `filter` is empty or no line has it.
// Errors: the file cannot be read, or holds no whole line (usage).
[[nodiscard]] Result<SampleLayout> sample_layout(const std::filesystem::path& file,
                                                 const std::string& filter = "");

// Streams the file: one JSON object a line, or, as lm-eval up to 0.4.2 wrote it, one array of them.
// A line that is no JSON object is a usage error naming it, unless it is the last and has no end:
// then the file was cut, which `cut` says.
[[nodiscard]] Result<SampleTable> read_samples(const std::filesystem::path& file,
                                               const SampleChoice& choice);

// Of lines that name no filter although there were several (lm-eval up to 0.4.6), those of one: a
// document's k-th line is of the k-th filter, and which one that is the means over all documents
// tell. `means` are the filters' figures in the order of the results file; `wanted` is an index
// into them. False: the documents have not as many lines, or the means fit no order.
[[nodiscard]] bool keep_filter(SampleTable& table, const std::vector<double>& means,
                               std::size_t wanted);

// A field of text of the first line with this doc_id; empty: none.
[[nodiscard]] Result<std::string> text_of(const std::filesystem::path& file, std::uint32_t doc_id,
                                          const std::string& name);

}  // namespace assay
