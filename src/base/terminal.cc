#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

namespace assay {
namespace {

constexpr std::size_t kUsualColumns = 80;

bool is_dumb() {
  const char* term = std::getenv("TERM");
  return term != nullptr && std::string_view(term) == "dumb";
}

// One character with its cells, or one colour sequence, which takes none.
struct Piece {
  std::string_view text;
  std::size_t cells = 0;
};

Piece first_piece(std::string_view text) {
  if (text.starts_with("\033[")) {
    const std::size_t end = text.find('m');
    if (end != std::string_view::npos) return {text.substr(0, end + 1), 0};
  }
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80) ++size;
  // From U+2E80 on three bytes of UTF-8 that begin so are wide, and four bytes mostly are.
  const auto lead = static_cast<unsigned char>(text[0]);
  const bool wide = lead >= 0xe3 && lead <= 0xf4 && lead != 0xee;
  return {text.substr(0, size), wide ? 2U : 1U};
}

// What is never parted: a word, or one wide character with the punctuation after it.
std::vector<std::string_view> unbreakable(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  bool after_wide = false;
  for (std::size_t at = 0; at < text.size();) {
    const Piece piece = first_piece(text.substr(at));
    const bool wide = piece.cells == 2;
    // U+3000 to U+303F and the full-width forms: no line begins with such punctuation.
    const bool mark = piece.text.starts_with("\xe3\x80") || piece.text.starts_with("\xef\xbc");
    const bool parts = text[at] == ' ' || ((wide || after_wide) && !mark);
    if (parts && at > begin) {
      out.push_back(text.substr(begin, at - begin));
      begin = at;
    }
    after_wide = wide;
    at += piece.text.size();
  }
  if (begin < text.size()) out.push_back(text.substr(begin));
  return out;
}

}  // namespace

bool takes_colour(int descriptor) {
  const char* none = std::getenv("NO_COLOR");
  return draws_over(descriptor) && (none == nullptr || *none == '\0');
}

bool draws_over(int descriptor) {
  return ::isatty(descriptor) == 1 && !is_dumb();
}

std::size_t columns_of(int descriptor) {
  if (::isatty(descriptor) != 1) return 0;
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualColumns;
  return size.ws_col;
}

std::size_t cells_of(std::string_view text) {
  std::size_t cells = 0;
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    cells += piece.cells;
    text.remove_prefix(piece.text.size());
  }
  return cells;
}

std::string filled_after(std::string_view text, std::size_t cells) {
  const std::size_t used = cells_of(text);
  return std::string(text) + std::string(cells > used ? cells - used : 0, ' ');
}

std::string filled_before(std::string_view text, std::size_t cells) {
  const std::size_t used = cells_of(text);
  return std::string(cells > used ? cells - used : 0, ' ') + std::string(text);
}

std::string cut_to(std::string_view text, std::size_t cells) {
  if (cells_of(text) <= cells) return std::string(text);
  if (cells == 0) return "";
  std::string out;
  for (std::size_t used = 0; !text.empty();) {
    const Piece piece = first_piece(text);
    used += piece.cells;
    if (used > cells - 1) break;
    out += piece.text;
    text.remove_prefix(piece.text.size());
  }
  return out + "…";
}

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
  if (columns == 0) return std::string(text);
  std::string out;
  std::size_t used = 0;
  bool has_words = false;  // of the line
  for (std::string_view part : unbreakable(text)) {
    if (used + cells_of(part) > columns && has_words) {
      out += "\n" + std::string(indent, ' ');
      used = indent;
      has_words = false;
      if (part.starts_with(' ')) part.remove_prefix(1);
    }
    out += part;
    used += cells_of(part);
    has_words = has_words || part.find_first_not_of(' ') != std::string_view::npos;
  }
  return out;
}

}  // namespace assay
