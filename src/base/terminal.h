// What a terminal can show: colours, lines that are drawn over, and how much fits into a line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace assay {

// The descriptor is a terminal that takes colours: neither NO_COLOR (no-color.org: set and not
// empty) nor TERM=dumb says otherwise.
[[nodiscard]] bool takes_colour(int descriptor);
// It is a terminal on which a line can be drawn over: TERM is not dumb.
[[nodiscard]] bool draws_over(int descriptor);
// Columns of the terminal as it is now, 80 where it does not tell; 0: it is none, so nothing has to
// fit.
[[nodiscard]] std::size_t columns_of(int descriptor);

// Columns that the text takes: characters of East Asian scripts two, colour sequences none.
[[nodiscard]] std::size_t cells_of(std::string_view text);
// With blanks up to so many cells, after the text or before it.
[[nodiscard]] std::string filled_after(std::string_view text, std::size_t cells);
[[nodiscard]] std::string filled_before(std::string_view text, std::size_t cells);
// The text, or as much of its beginning as fits with "…" after it. No colour sequences.
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t cells);
// Broken between words (and between East Asian characters) into lines of at most so many cells,
// those after the first indented; a word that is longer stays whole. 0 columns: one line. No line
// end after the last.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t columns,
                                  std::size_t indent = 0);

}  // namespace assay
