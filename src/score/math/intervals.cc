#include "score/math/intervals.h"

#include <algorithm>
#include <utility>

namespace assay {

namespace {

// An interval or a point: a part of a set of real numbers.
struct Piece {
  Scalar start;
  Scalar end;
  bool left_open;
  bool right_open;
};

bool add_pieces(const MathValue& value, std::vector<Piece>& pieces) {
  switch (value.kind) {
    case ValueKind::scalar:
      if (!value.scalar.is_closed() || value.scalar.form == Form::infinity) return false;
      pieces.push_back({value.scalar, value.scalar, false, false});
      return true;
    case ValueKind::interval: {
      const Scalar& start = value.items[0].scalar;
      const Scalar& end = value.items[1].scalar;
      if (!start.is_closed() || !end.is_closed()) return false;
      pieces.push_back({start, end, value.left_open || start.form == Form::infinity,
                        value.right_open || end.form == Form::infinity});
      return true;
    }
    case ValueKind::set:
    case ValueKind::interval_union:
      return std::all_of(value.items.begin(), value.items.end(),
                         [&](const MathValue& item) { return add_pieces(item, pieces); });
    default:
      return false;
  }
}

bool undecided(const Scalar& a, const Scalar& b) {
  return less(a, b) == Truth::unsure || less(b, a) == Truth::unsure;
}

// Sorts the pieces and joins those that overlap or touch. False when two ends cannot be ordered.
bool merge(std::vector<Piece>& pieces) {
  for (const Piece& a : pieces) {
    for (const Piece& b : pieces) {
      if (&a != &b && (undecided(a.start, b.start) || undecided(a.end, b.start))) return false;
    }
  }
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    if (less(a.start, b.start) == Truth::yes) return true;
    if (less(b.start, a.start) == Truth::yes) return false;
    return !a.left_open && b.left_open;
  });
  std::vector<Piece> merged;
  for (const Piece& piece : pieces) {
    if (!merged.empty()) {
      Piece& last = merged.back();
      const Truth gap = less(last.end, piece.start);
      const bool touch = gap == Truth::no && (less(piece.start, last.end) == Truth::yes ||
                                              !last.right_open || !piece.left_open);
      if (touch) {
        const Truth longer = less(last.end, piece.end);
        if (longer == Truth::unsure) return false;
        if (longer == Truth::yes) {
          last.end = piece.end;
          last.right_open = piece.right_open;
        } else if (less(piece.end, last.end) == Truth::no) {
          last.right_open = last.right_open && piece.right_open;
        }
        continue;
      }
    }
    merged.push_back(piece);
  }
  pieces = std::move(merged);
  return true;
}

}  // namespace

Truth same_pieces(const MathValue& gold, const MathValue& pred) {
  std::vector<Piece> a;
  std::vector<Piece> b;
  if (!add_pieces(gold, a) || !add_pieces(pred, b)) return Truth::unsure;
  constexpr std::size_t kMaxPieces = 20;
  if (a.size() > kMaxPieces || b.size() > kMaxPieces || !merge(a) || !merge(b)) {
    return Truth::unsure;
  }
  if (a.size() != b.size()) return Truth::no;
  Truth result = Truth::yes;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].left_open != b[i].left_open || a[i].right_open != b[i].right_open) return Truth::no;
    result =
        both(result, both(same_scalar(a[i].start, b[i].start), same_scalar(a[i].end, b[i].end)));
  }
  return result;
}

}  // namespace assay
