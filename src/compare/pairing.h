// Two sides' samples matched by document.
#pragma once

#include <cstdint>
#include <vector>

#include "compare/compare_folders.h"
#include "compare/samples.h"

namespace assay {

// One thing of the shared documents, where both sides tell it; of several lines of a document the
// first.
struct Agreement {
  std::int64_t alike = 0;
  std::int64_t differ = 0;
  std::uint32_t differing_base = 0;  // doc_ids of the first that differ
  std::uint32_t differing_candidate = 0;
};

struct Pairing {
  std::vector<PairedScore> pairs;
  std::int64_t shared = 0;
  Agreement prompts;
  Agreement targets;
  Agreement answers;  // as they stand in the files, to the letter
};

// Walks two tables ordered by id. A document's several answers in one line are averaged over the
// repeats that both sides have (stats/item_pair.h), its several lines each side by itself. Items of
// one side alone are counted in `task`.
[[nodiscard]] Pairing pair_up(const SampleTable& base, const SampleTable& candidate,
                              TaskComparison& task);

// Mean over the documents, of their scored lines' means; NaN: none is scored.
[[nodiscard]] double mean_by_document(const SampleTable& table);

}  // namespace assay
