// Equivalence of parsed answers after Math-Verify 0.9.0's grader.py (sympy_expr_eq and what it
// calls), in its default strict mode.
#include <algorithm>
#include <cmath>
#include <utility>

#include "score/math_intervals.h"
#include "score/math_value.h"

namespace assay {

namespace {

using Kind = MathValue::Kind;

bool has_symbols(const MathValue& value) {
  if (value.kind == Kind::scalar) return value.scalar.symbols;
  return std::any_of(value.items.begin(), value.items.end(), has_symbols);
}

// Surely the same object: the same literals in the same places.
bool identical(const MathValue& a, const MathValue& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == Kind::scalar) {
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

// Not surely two objects.
bool maybe_identical(const MathValue& a, const MathValue& b) {
  if (a.kind != b.kind) return false;
  if (a.kind != Kind::scalar) return !a.items.empty() || !b.items.empty();
  const Form x = a.scalar.form;
  const Form y = b.scalar.form;
  if (is_literal(x) && is_literal(y)) return x == y && (!a.scalar.exact || !b.scalar.exact);
  if (is_literal(x) != is_literal(y)) return false;
  return same_scalar(a.scalar, b.scalar) != Truth::no;
}

bool is_equation(const MathValue& value) {
  return value.kind == Kind::equation;
}

// Made of symbols alone: what stands so before "=" is a name, and the answer what follows.
Truth only_symbols(const MathValue& value) {
  if (value.kind == Kind::tuple) {
    Truth result = Truth::yes;
    for (const MathValue& item : value.items) result = both(result, only_symbols(item));
    return result;
  }
  if (value.kind != Kind::scalar || value.scalar.is_closed()) return Truth::no;
  if (value.scalar.form == Form::symbol) return Truth::yes;
  return Truth::unsure;
}

constexpr std::size_t kMaxElements = 100;  // of a set; each is compared with each

// Elements of a set without repetition; nothing where it is not sure which are the same.
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
    return item.kind == Kind::scalar && item.scalar.is_closed() &&
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

Truth same_elements(std::vector<MathValue> gold, std::vector<MathValue> pred) {
  if (gold.size() != pred.size()) return Truth::no;
  if (closed_numbers(gold) && closed_numbers(pred)) {
    const auto by_value = [](const MathValue& a, const MathValue& b) {
      return a.scalar.at[0] < b.scalar.at[0];
    };
    std::sort(gold.begin(), gold.end(), by_value);
    std::sort(pred.begin(), pred.end(), by_value);
    return pairwise(gold, pred);
  }
  // Otherwise the order of comparison is the library's affair: sure are the same elements, and
  // those without a partner on the other side.
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
  set.kind = Kind::set;
  set.items.push_back(value);
  return set;
}

bool is_open_interval(const MathValue& value) {
  return value.kind == Kind::interval && value.left_open && value.right_open;
}

// A tuple or a set of two against the open interval "(a, b)", which may be meant as a pair.
Truth same_as_pair(const MathValue& gold, const MathValue& pred) {
  const MathValue& other = gold.kind == Kind::interval ? pred : gold;
  std::vector<MathValue> distinct;
  if (other.kind == Kind::set && !distinct_elements(other, distinct)) return Truth::unsure;
  const std::size_t size = other.kind == Kind::set ? distinct.size() : other.items.size();
  if (size != 2) return Truth::no;
  if (gold.kind == Kind::set) return same_elements(distinct, pred.items);
  // Math-Verify keeps the order in which a set of the prediction was written.
  if (pred.kind == Kind::set && pred.items.size() != 2) return Truth::no;
  return pairwise(gold.items, pred.items);
}

Truth same_sets(const MathValue& gold, const MathValue& pred) {
  const auto is_collection = [](const MathValue& v) {
    return v.kind != Kind::scalar && v.kind != Kind::relation;
  };
  const MathValue a = is_collection(gold) ? gold : as_set(gold);
  const MathValue b = is_collection(pred) ? pred : as_set(pred);
  if (a.kind == Kind::interval && b.kind == Kind::interval) {
    if (a.left_open != b.left_open || a.right_open != b.right_open) return Truth::no;
    return pairwise(a.items, b.items);
  }
  if (a.kind == Kind::equation || b.kind == Kind::equation) return Truth::unsure;
  if (a.kind == Kind::interval_union || b.kind == Kind::interval_union) {
    if (a.kind == Kind::tuple || b.kind == Kind::tuple) return Truth::no;
    return same_pieces(a, b);
  }
  if (a.kind == Kind::interval || b.kind == Kind::interval) {
    const MathValue& interval = a.kind == Kind::interval ? a : b;
    return is_open_interval(interval) ? same_as_pair(a, b) : Truth::no;
  }
  std::vector<MathValue> left;
  std::vector<MathValue> right;
  if (a.kind == Kind::tuple) {
    left = a.items;
  } else if (!distinct_elements(a, left)) {
    return Truth::unsure;
  }
  if (b.kind == Kind::tuple) {
    right = b.items;
  } else if (!distinct_elements(b, right)) {
    return Truth::unsure;
  }
  if (a.kind == Kind::tuple) {
    if (left.size() == right.size() && b.kind == Kind::set && b.items.size() != right.size()) {
      return Truth::no;  // the written order has more elements than the set
    }
    return pairwise(left, right);
  }
  return same_elements(std::move(left), std::move(right));
}

// A pair that may be a tuple or an interval: only surely different.
Truth same_pair(const MathValue& gold, const MathValue& pred) {
  const MathValue& other = gold.kind == Kind::pair ? pred : gold;
  switch (other.kind) {
    case Kind::scalar:
    case Kind::relation:
      return Truth::no;
    case Kind::tuple:
    case Kind::interval:
    case Kind::pair:
      return both(pairwise(gold.items, pred.items), Truth::unsure);
    default:
      return Truth::unsure;
  }
}

Truth same_matrices(const MathValue& gold, const MathValue& pred) {
  if (gold.kind != pred.kind) {
    const bool number = gold.kind == Kind::scalar || pred.kind == Kind::scalar;
    return number ? Truth::no : Truth::unsure;
  }
  if (gold.columns != pred.columns || gold.items.size() != pred.items.size()) return Truth::no;
  return pairwise(gold.items, pred.items);
}

// left side minus right side
Scalar difference(const MathValue& equation) {
  return sum(equation.items.front().scalar, negated(equation.items.back().scalar));
}

Truth same_equations(const MathValue& gold, const MathValue& pred) {
  const auto plain = [](const MathValue& e) {
    return e.items.size() == 2 && e.items[0].kind == Kind::scalar &&
           e.items[1].kind == Kind::scalar && e.items[0].scalar.form != Form::infinity &&
           e.items[1].scalar.form != Form::infinity;
  };
  if (!plain(gold) || !plain(pred)) return Truth::unsure;
  const Scalar a = difference(gold);
  const Scalar b = difference(pred);
  if (same_scalar(a, b) == Truth::yes || same_scalar(a, negated(b)) == Truth::yes)
    return Truth::yes;
  // "x = 5" and "x = 6"; other pairs may still have the same solutions.
  const bool assigned = gold.items[0].scalar.form == Form::symbol &&
                        identical(gold.items[0], pred.items[0]) &&
                        gold.items[1].scalar.is_closed() && pred.items[1].scalar.is_closed();
  return assigned ? both(same_scalar(gold.items[1].scalar, pred.items[1].scalar), Truth::unsure)
                  : Truth::unsure;
}

// A chain whose first side is a name counts as "first = last".
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

// An inequality is no number; against another, or as the set of its solutions, it is not looked at.
Truth same_relation(const MathValue& gold, const MathValue& pred) {
  if (gold.kind == Kind::scalar || pred.kind == Kind::scalar) return Truth::no;
  if (gold.kind == Kind::set) return same_sets(gold, pred);
  return Truth::unsure;
}

Truth same_value_or_set(const MathValue& gold, const MathValue& pred) {
  if (gold.kind == Kind::matrix || pred.kind == Kind::matrix) return same_matrices(gold, pred);
  if (gold.kind == Kind::pair || pred.kind == Kind::pair) return same_pair(gold, pred);
  if (gold.kind == Kind::relation || pred.kind == Kind::relation) return same_relation(gold, pred);
  if (gold.kind != Kind::scalar || pred.kind != Kind::scalar) return same_sets(gold, pred);
  return same_scalar(gold.scalar, pred.scalar);
}

bool mixes_symbol_kinds(const MathValue& gold, const MathValue& pred) {
  if (gold.complex == pred.complex || !has_symbols(gold) || !has_symbols(pred)) return false;
  const auto is_name = [](const MathValue& v) {
    return v.kind == Kind::scalar && v.scalar.form == Form::symbol;
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
    if (named == Truth::no) return pred.kind == Kind::scalar ? Truth::no : Truth::unsure;
    gold = last_side(gold);
  }
  if (is_equation(gold) && is_equation(pred)) return same_equations(gold, pred);
  return same_value_or_set(gold, pred);
}

}  // namespace assay
