#include "compare/pairing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "stats/item_pair.h"

namespace assay {
namespace {

constexpr std::size_t kExamples = 5;

struct Group {
  double sum = 0;
  int n = 0;
  std::size_t next = 0;
};

Group group_at(const std::vector<SampleRow>& rows, std::size_t at) {
  Group out{0, 0, at};
  while (out.next < rows.size() && rows[out.next].id_high == rows[at].id_high &&
         rows[out.next].id_low == rows[at].id_low) {
    if (!std::isnan(rows[out.next].score)) {
      out.sum += rows[out.next].score;
      ++out.n;
    }
    ++out.next;
  }
  return out;
}

// A document's answers, where it has one line. Of a line without a score for each it is the first.
std::vector<RepeatScore> answers_of(const SampleTable& table, std::size_t at, const Group& group) {
  if (group.next != at + 1) return {};
  const SampleRow& row = table.rows[at];
  const auto found = table.by_repeat.find({row.id_high, row.id_low});
  if (found != table.by_repeat.end()) return found->second;
  return {{0, row.score}};
}

// Over the answers that both sides have; where several runs' lines stand for one document, nothing
// tells which are the same, and each side is averaged for itself.
std::optional<PairedScore> pair_of_groups(const SampleTable& base, std::size_t b, const Group& x,
                                          const SampleTable& candidate, std::size_t c,
                                          const Group& y) {
  if (x.n == 0 || y.n == 0) return std::nullopt;
  const PairedScore means{x.sum / x.n, y.sum / y.n, std::max(x.n, y.n)};
  if (base.by_repeat.empty() && candidate.by_repeat.empty()) return means;
  const std::vector<RepeatScore> of_base = answers_of(base, b, x);
  const std::vector<RepeatScore> of_candidate = answers_of(candidate, c, y);
  if (of_base.empty() || of_candidate.empty()) return means;
  return pair_of(of_base, of_candidate);
}

void note_alone(const SampleRow& row, std::int64_t& count, std::vector<std::uint32_t>& examples) {
  ++count;
  if (examples.size() < kExamples) examples.push_back(row.doc_id);
}

void compare_field(const SampleRow& left, const SampleRow& right, std::uint32_t SampleRow::* what,
                   Agreement& out) {
  if (left.*what == 0 || right.*what == 0) return;
  if (left.*what == right.*what) {
    ++out.alike;
  } else if (out.differ++ == 0) {
    out.differing_base = left.doc_id;
    out.differing_candidate = right.doc_id;
  }
}

}  // namespace

double mean_by_document(const SampleTable& table) {
  double sum = 0;
  std::int64_t n = 0;
  for (std::size_t at = 0; at < table.rows.size();) {
    const Group group = group_at(table.rows, at);
    if (group.n > 0) {
      sum += group.sum / group.n;
      ++n;
    }
    at = group.next;
  }
  return n > 0 ? sum / static_cast<double>(n) : std::numeric_limits<double>::quiet_NaN();
}

Pairing pair_up(const SampleTable& base, const SampleTable& candidate, TaskComparison& task) {
  Pairing out;
  const auto key = [](const SampleRow& row) { return std::pair(row.id_high, row.id_low); };
  std::size_t b = 0;
  std::size_t c = 0;
  while (b < base.rows.size() || c < candidate.rows.size()) {
    const bool no_b = b == base.rows.size();
    const bool no_c = c == candidate.rows.size();
    if (no_c || (!no_b && key(base.rows[b]) < key(candidate.rows[c]))) {
      note_alone(base.rows[b], task.only_base, task.example_only_base);
      b = group_at(base.rows, b).next;
      continue;
    }
    if (no_b || key(candidate.rows[c]) < key(base.rows[b])) {
      note_alone(candidate.rows[c], task.only_candidate, task.example_only_candidate);
      c = group_at(candidate.rows, c).next;
      continue;
    }
    ++out.shared;
    compare_field(base.rows[b], candidate.rows[c], &SampleRow::prompt, out.prompts);
    compare_field(base.rows[b], candidate.rows[c], &SampleRow::target, out.targets);
    compare_field(base.rows[b], candidate.rows[c], &SampleRow::answer, out.answers);
    const Group x = group_at(base.rows, b);
    const Group y = group_at(candidate.rows, c);
    if (x.n > 0 && y.n == 0) ++task.unscored_candidate_alone;
    if (x.n == 0 && y.n > 0) ++task.unscored_base_alone;
    if (const auto pair = pair_of_groups(base, b, x, candidate, c, y)) out.pairs.push_back(*pair);
    b = x.next;
    c = y.next;
  }
  return out;
}

}  // namespace assay
