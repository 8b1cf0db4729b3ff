// Who has a turn in a round, and how the time is shared so that all variants come to the same
// items. A pure rule over what each has done on this folder, as run/admission.h is over one turn.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "run/budget.h"

namespace assay {

// What a variant has done on this folder.
struct DoneSoFar {
  double items = 0;   // answered
  double work_s = 0;  // that its engines took for them
  // Of its next turn, on the clock's scale; 0: not known.
  [[nodiscard]] double item_s() const { return items > 0 ? work_s / items : 0; }
};

// A judge gets half of the time that the baseline gets.
inline constexpr double kJudgeTurn = 0.5;

// A first round measures: each variant gets so much of its share, so that the rest of the time is
// shared by paces that are known. It costs a second load of each.
inline constexpr double kFirstRoundPart = 0.25;

// Whether loading `variants` a second time is cheap enough for a first round that measures.
[[nodiscard]] bool pays_to_measure(int variants, double load_s, double work_left_s);

// Whether an item may take so long that a part of a share holds only a few, which would be lost
// time more than once: such a turn is no part. `longest_s`: an item's worst case.
[[nodiscard]] bool too_coarse(double longest_s, double share_s);

// Whether all items fit even where each later turn takes twice as long as it is forecast to: then
// the first turn goes on to the end, and no round measures. `part_done`: of its items, 0 to 1, in
// `took_s`.
[[nodiscard]] bool all_fit(double part_done, double took_s, double work_s, const TurnsLeft& turns);

// What there is to do.
struct Goal {
  double items = 0;         // of the plan; a variant cannot come to more
  double judge_item_s = 0;  // that a judge takes for each item after all of them; 0: none comes
};

// The number of items that all of these come to in `work_s`; those that have more keep them.
[[nodiscard]] double common_items(std::span<const DoneSoFar> done, double work_s, const Goal& goal);

// Which of them have a turn in a further round (their places in `done`, where the baseline is the
// first): those behind what all of them can come to by at least as much work as their load takes,
// or where time is left for all items, those that lack any. Nobody goes further than those have
// come that lack items and have no turn: beyond, the baseline's items would have no pair, and one
// candidate would be told more surely than another. `left_s`: of work, no load taken off. Empty:
// nobody's load pays.
[[nodiscard]] std::vector<std::size_t> next_round(std::span<const DoneSoFar> done, double left_s,
                                                  double load_s, const Goal& goal);

// The turn of the first of these and of those after it: as long as it takes all of them to come to
// the same items.
[[nodiscard]] TurnsLeft turns_to_common(std::span<const DoneSoFar> done, double work_s,
                                        const Goal& goal);

}  // namespace assay
