// Equivalence of parsed answers after Math-Verify 0.9.0's grader.py (sympy_expr_eq and what it
// calls), in its default strict mode.
#include <algorithm>
#include <cmath>
#include <utility>

#include "score/math/intervals.h"
#include "score/math/value.h"

namespace assay {

namespace {

bool has_symbols(const MathValue& value) {
  if (value.kind == ValueKind::scalar) return value.scalar.symbols;
  return std::any_of(value.items.begin(), value.items.end(), has_symbols);
}

// True when both are certainly the same object: the same literals in the same places.
bool identical(const MathValue& a, const MathValue& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == ValueKind::scalar) {
    const Scalar& x = a.scalar;
    const Scalar& y = b.scalar;
    if (x.form != y.form) return false;
    switch (x.form) {
      case Form::integer:
      case Form::fraction:
      case Form::decimal:
      case Form::percent_integer:
        return x.exact && x.exact == y.exact;
      case Form::symbol:
        return x.name == y.name;
      case Form::infinity:
        return x.at[0] == y.at[0];
      default:
        return false;
    }
  }
  return a.left_open == b.left_open && a.right_open == b.right_open && a.columns == b.columns &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), identical);
}

bool is_literal(Form form) {
  return form == Form::integer || form == Form::fraction || form == Form::decimal;
}

// True unless the two are certainly different objects.
bool maybe_identical(const MathValue& a, const MathValue& b) {
  if (a.kind != b.kind) return false;
  if (a.kind != ValueKind::scalar) return !a.items.empty() || !b.items.empty();
  const Form x = a.scalar.form;
  const Form y = b.scalar.form;
  if (is_literal(x) && is_literal(y)) return x == y && (!a.scalar.exact || !b.scalar.exact);
  if (is_literal(x) != is_literal(y)) return false;
  return same_scalar(a.scalar, b.scalar) != Truth::no;
}

bool is_equation(const MathValue& value) {
  return value.kind == ValueKind::equation;
}

// Whether the value consists of symbols only. When the left side of "=" does ("x = 5"), it is a
// name, and the answer is the right side.
Truth only_symbols(const MathValue& value) {
  if (value.kind == ValueKind::tuple) {
    Truth result = Truth::yes;
    for (const MathValue& item : value.items) result = both(result, only_symbols(item));
    return result;
  }
  if (value.kind != ValueKind::scalar || value.scalar.is_closed()) return Truth::no;
  if (value.scalar.form == Form::symbol) return Truth::yes;
  return Truth::unsure;
}

constexpr std::size_t kMaxElements = 100;  // of a set: its elements are compared in pairs

// Appends the elements of a set without repetitions. False when it is not certain which of them are
// equal.
bool distinct_elements(const MathValue& set, std::vector<MathValue>& into) {
  if (set.items.size() > kMaxElements) return false;
  for (const MathValue& item : set.items) {
    bool repeated = false;
    for (const MathValue& other : into) {
      if (identical(item, other)) {
        repeated = true;
        break;
      }
      if (maybe_identical(item, other)) return false;
    }
    if (!repeated) into.push_back(item);
  }
  return true;
}

bool closed_numbers(const std::vector<MathValue>& items) {
  return std::all_of(items.begin(), items.end(), [](const MathValue& item) {
    return item.kind == ValueKind::scalar && item.scalar.is_closed() &&
           item.scalar.form != Form::infinity && !item.scalar.percent &&
           std::isfinite(item.scalar.at[0]);
  });
}

Truth pairwise(const std::vector<MathValue>& gold, const std::vector<MathValue>& pred) {
  if (gold.size() != pred.size()) return Truth::no;
  Truth result = Truth::yes;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    result = both(result, same_answer(gold[i], pred[i]));
  }
  return result;
}

bool has_percentage(const std::vector<MathValue>& items) {
  return std::ranges::any_of(items, [](const MathValue& v) { return v.scalar.either_percent; });
}

bool by_value(const MathValue& a, const MathValue& b) {
  return a.scalar.at[0] < b.scalar.at[0];
}

Truth same_elements(std::vector<MathValue> gold, std::vector<MathValue> pred) {
  if (gold.size() != pred.size()) return Truth::no;
  if (closed_numbers(gold) && closed_numbers(pred)) {
    std::sort(gold.begin(), gold.end(), by_value);
    std::sort(pred.begin(), pred.end(), by_value);
    return pairwise(gold, pred);
  }
  if (has_percentage(gold) || has_percentage(pred)) {  // {10%, 20%} and {20, 10}
    std::ranges::sort(gold, by_value);
    std::ranges::sort(pred, by_value);
    if (pairwise(gold, pred) == Truth::yes) return Truth::yes;
  }
  // Otherwise the result depends on the order in which the library compares. Two cases do not:
  // every element has an identical one on the other side, or one of them equals none there.
  Truth result = Truth::yes;
  for (const MathValue& item : gold) {
    const auto same = [&](const MathValue& other) { return identical(item, other); };
    if (std::any_of(pred.begin(), pred.end(), same)) continue;
    const auto possible = [&](const MathValue& other) {
      return same_answer(item, other) != Truth::no;
    };
    if (std::none_of(pred.begin(), pred.end(), possible)) return Truth::no;
    result = Truth::unsure;
  }
  return result;
}

MathValue as_set(const MathValue& value) {
  MathValue set;
  set.kind = ValueKind::set;
  set.items.push_back(value);
  return set;
}

bool is_open_interval(const MathValue& value) {
  return value.kind == ValueKind::interval && value.left_open && value.right_open;
}

// Compares a tuple or a set of two elements with the open interval "(a, b)", which may be meant as
// a pair.
Truth same_as_pair(const MathValue& gold, const MathValue& pred) {
  const MathValue& other = gold.kind == ValueKind::interval ? pred : gold;
  std::vector<MathValue> distinct;
  if (other.kind == ValueKind::set && !distinct_elements(other, distinct)) return Truth::unsure;
  const std::size_t size = other.kind == ValueKind::set ? distinct.size() : other.items.size();
  if (size != 2) return Truth::no;
  if (gold.kind == ValueKind::set) return same_elements(distinct, pred.items);
  // Math-Verify keeps the order in which a set of the prediction was written.
  if (pred.kind == ValueKind::set && pred.items.size() != 2) return Truth::no;
  return pairwise(gold.items, pred.items);
}

Truth same_sets(const MathValue& gold, const MathValue& pred) {
  const auto is_collection = [](const MathValue& v) {
    return v.kind != ValueKind::scalar && v.kind != ValueKind::relation;
  };
  const MathValue a = is_collection(gold) ? gold : as_set(gold);
  const MathValue b = is_collection(pred) ? pred : as_set(pred);
  if (a.kind == ValueKind::interval && b.kind == ValueKind::interval) {
    if (a.left_open != b.left_open || a.right_open != b.right_open) return Truth::no;
    return pairwise(a.items, b.items);
  }
  if (a.kind == ValueKind::equation || b.kind == ValueKind::equation) return Truth::unsure;
  if (a.kind == ValueKind::interval_union || b.kind == ValueKind::interval_union) {
    if (a.kind == ValueKind::tuple || b.kind == ValueKind::tuple) return Truth::no;
    return same_pieces(a, b);
  }
  if (a.kind == ValueKind::interval || b.kind == ValueKind::interval) {
    const MathValue& interval = a.kind == ValueKind::interval ? a : b;
    return is_open_interval(interval) ? same_as_pair(a, b) : Truth::no;
  }
  std::vector<MathValue> left;
  std::vector<MathValue> right;
  if (a.kind == ValueKind::tuple) {
    left = a.items;
  } else if (!distinct_elements(a, left)) {
    return Truth::unsure;
  }
  if (b.kind == ValueKind::tuple) {
    right = b.items;
  } else if (!distinct_elements(b, right)) {
    return Truth::unsure;
  }
  if (a.kind == ValueKind::tuple) {
    if (left.size() == right.size() && b.kind == ValueKind::set && b.items.size() != right.size()) {
      return Truth::no;  // as written it has more elements than the set
    }
    return pairwise(left, right);
  }
  return same_elements(std::move(left), std::move(right));
}

// Compares a pair of which it is unknown whether it is a tuple or an interval. The result is `no`
// or `unsure`, never `yes`.
Truth same_pair(const MathValue& gold, const MathValue& pred) {
  const MathValue& other = gold.kind == ValueKind::pair ? pred : gold;
  switch (other.kind) {
    case ValueKind::scalar:
    case ValueKind::relation:
      return Truth::no;
    case ValueKind::tuple:
    case ValueKind::interval:
    case ValueKind::pair:
      return both(pairwise(gold.items, pred.items), Truth::unsure);
    default:
      return Truth::unsure;
  }
}

Truth same_matrices(const MathValue& gold, const MathValue& pred) {
  if (gold.kind != pred.kind) {
    const bool number = gold.kind == ValueKind::scalar || pred.kind == ValueKind::scalar;
    return number ? Truth::no : Truth::unsure;
  }
  if (gold.columns != pred.columns || gold.items.size() != pred.items.size()) return Truth::no;
  return pairwise(gold.items, pred.items);
}

// The left side minus the right side.
Scalar difference(const MathValue& equation) {
  return sum(equation.items.front().scalar, negated(equation.items.back().scalar));
}

Truth same_equations(const MathValue& gold, const MathValue& pred) {
  const auto plain = [](const MathValue& e) {
    return e.items.size() == 2 && e.items[0].kind == ValueKind::scalar &&
           e.items[1].kind == ValueKind::scalar && e.items[0].scalar.form != Form::infinity &&
           e.items[1].scalar.form != Form::infinity;
  };
  if (!plain(gold) || !plain(pred)) return Truth::unsure;
  const Scalar a = difference(gold);
  const Scalar b = difference(pred);
  if (same_scalar(a, b) == Truth::yes || same_scalar(a, negated(b)) == Truth::yes)
    return Truth::yes;
  // "x = 5" and "x = 6" are certainly different; other equations may still have equal solutions.
  const bool assigned = gold.items[0].scalar.form == Form::symbol &&
                        identical(gold.items[0], pred.items[0]) &&
                        gold.items[1].scalar.is_closed() && pred.items[1].scalar.is_closed();
  return assigned ? both(same_scalar(gold.items[1].scalar, pred.items[1].scalar), Truth::unsure)
                  : Truth::unsure;
}

// "x = 6/2 = 3" counts as "x = 3": of a chain that begins with a name, the first and last side.
MathValue shortened(const MathValue& value) {
  if (!is_equation(value) || value.items.size() == 2 ||
      only_symbols(value.items[0]) != Truth::yes) {
    return value;
  }
  MathValue result = value;
  result.items = {value.items.front(), value.items.back()};
  return result;
}

MathValue last_side(const MathValue& equation) {
  MathValue side = equation.items.back();
  side.complex = equation.complex;
  return side;
}

// An inequality never equals a number. Two inequalities, or one and a set of solutions, are left to
// the library.
Truth same_relation(const MathValue& gold, const MathValue& pred) {
  if (gold.kind == ValueKind::scalar || pred.kind == ValueKind::scalar) return Truth::no;
  if (gold.kind == ValueKind::set) return same_sets(gold, pred);
  return Truth::unsure;
}

Truth same_value_or_set(const MathValue& gold, const MathValue& pred) {
  if (gold.kind == ValueKind::matrix || pred.kind == ValueKind::matrix)
    return same_matrices(gold, pred);
  if (gold.kind == ValueKind::pair || pred.kind == ValueKind::pair) return same_pair(gold, pred);
  if (gold.kind == ValueKind::relation || pred.kind == ValueKind::relation)
    return same_relation(gold, pred);
  if (gold.kind != ValueKind::scalar || pred.kind != ValueKind::scalar)
    return same_sets(gold, pred);
  return same_scalar(gold.scalar, pred.scalar);
}

bool mixes_symbol_kinds(const MathValue& gold, const MathValue& pred) {
  if (gold.complex == pred.complex || !has_symbols(gold) || !has_symbols(pred)) return false;
  const auto is_name = [](const MathValue& v) {
    return v.kind == ValueKind::scalar && v.scalar.form == Form::symbol;
  };
  return !is_name(gold) || !is_name(pred);
}

}  // namespace

Truth same_answer(const MathValue& gold_as_written, const MathValue& pred_as_written) {
  MathValue gold = shortened(gold_as_written);
  MathValue pred = shortened(pred_as_written);
  if (mixes_symbol_kinds(gold, pred)) return Truth::unsure;
  if (is_equation(pred) && !is_equation(gold)) {
    pred = last_side(pred);
  } else if (is_equation(gold) && !is_equation(pred)) {
    const Truth named = only_symbols(gold.items.front());
    if (named == Truth::unsure) return Truth::unsure;
    if (named == Truth::no) return pred.kind == ValueKind::scalar ? Truth::no : Truth::unsure;
    gold = last_side(gold);
  }
  if (is_equation(gold) && is_equation(pred)) return same_equations(gold, pred);
  return same_value_or_set(gold, pred);
}

}  // namespace assay
