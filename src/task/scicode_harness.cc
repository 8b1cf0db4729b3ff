#include "task/scicode_harness.h"

#include <cctype>

#include "task/python_text.h"

namespace assay {
namespace {

constexpr std::string_view kCompare = R"PY(
def _assay_modules():
    import sys
    import types

    import numpy as np

    def plain(value):
        return value.toarray() if hasattr(value, "toarray") else value

    def is_symbol(value):
        return type(value).__module__.startswith("sympy") and type(value).__name__ == "Symbol"

    def named(mapping):
        return {str(k) if is_symbol(k) else k: str(v) if is_symbol(v) else v
                for k, v in mapping.items()}

    def are_csc_matrix_close(a, b, atol=1e-8, rtol=1e-5):
        return a.shape == b.shape and bool(np.allclose(plain(a), plain(b), atol=atol, rtol=rtol))

    def are_dicts_close(a, b, atol=1e-8, rtol=1e-5):
        a, b = named(a), named(b)
        return a.keys() == b.keys() and all(close(a[k], b[k], atol, rtol) for k in a)

    def cmp_tuple_or_list(a, b):
        return len(a) == len(b) and all(close(x, y, 1e-8, 1e-5) for x, y in zip(a, b))

    def close(a, b, atol, rtol):
        if isinstance(a, dict):
            return isinstance(b, dict) and are_dicts_close(a, b, atol, rtol)
        if isinstance(a, (bool, str)) or is_symbol(a):
            return bool(str(a) == str(b)) if is_symbol(a) else bool(a == b)
        try:
            return bool(np.allclose(plain(a), plain(b), atol=atol, rtol=rtol))
        except ValueError:
            pass
        except TypeError:
            return bool(a == b)
        try:
            return cmp_tuple_or_list(a, b)
        except TypeError:
            return False

    root = types.ModuleType("scicode")
    compare = types.ModuleType("scicode.compare")
    cmp = types.ModuleType("scicode.compare.cmp")
    cmp.cmp_tuple_or_list = cmp_tuple_or_list
    cmp.are_dicts_close = are_dicts_close
    cmp.are_csc_matrix_close = are_csc_matrix_close
    root.compare, compare.cmp = compare, cmp
    for module in (root, compare, cmp):
        sys.modules[module.__name__] = module


_assay_modules()
del _assay_modules
)PY";

constexpr std::string_view kHdf5 = R"PY(
def _assay_targets(step, count):
    import h5py
    import scipy.sparse

    def text_or_value(dataset):
        value = dataset[()]
        return value.decode("utf-8") if isinstance(value, bytes) else value

    def sparse(group):
        data, shape = group["data"][()], tuple(group["shape"][()])
        if "row" in group:
            return scipy.sparse.coo_matrix((data, (group["row"][()], group["col"][()])), shape=shape)
        parts = (data, group["indices"][()], group["indptr"][()])
        if "blocksize" in group:
            blocks = tuple(group["blocksize"][()])
            return scipy.sparse.bsr_matrix(parts, shape=shape, blocksize=blocks)
        return scipy.sparse.csr_matrix(parts, shape=shape)

    def key_of(name):
        try:
            return float(name)
        except ValueError:
            return name

    def mapping(group):
        out = {}
        for name, entry in group.items():
            if isinstance(entry, h5py.Group):
                out[name] = sparse(entry["sparse_matrix"])
            else:
                value = text_or_value(entry)
                out[name if isinstance(value, str) else key_of(name)] = value
        return out

    def variable(entry):
        if isinstance(entry, h5py.Dataset):
            return text_or_value(entry)
        if "list" in entry:
            return [entry["list"][name][()] for name in entry["list"]]
        if "sparse_matrix" in entry:
            return sparse(entry["sparse_matrix"])
        return mapping(entry)

    def target(group):
        values = [variable(group[name]) for name in group]
        return values[0] if len(values) == 1 else tuple(values)

    with h5py.File("/data/test_data.h5", "r") as file:
        return [target(file[f"{step}/test{number}"]) for number in range(1, count + 1)]
)PY";

constexpr std::string_view kSolution = R"PY(
def _assay_targets():
    import ast

    def is_target(node):
        return isinstance(node, ast.Name) and node.id == "target"

    def is_part(node):
        return isinstance(node, ast.Subscript) and is_target(node.value)

    def compared(node):
        """Pairs (index of the part of target, or None; expression) that a statement compares."""
        for child in ast.walk(node):
            if isinstance(child, ast.Call):
                sides = child.args
            elif isinstance(child, ast.Compare):
                sides = [child.left, *child.comparators]
            else:
                continue
            for at, side in enumerate(sides):
                if (is_target(side) or is_part(side)) and len(sides) > 1:
                    yield (side.slice if is_part(side) else None), sides[at - 1 if at else 1]

    def uses_target(statement):
        named = isinstance(statement, (ast.FunctionDef, ast.ClassDef))
        return not named and any(is_target(child) for child in ast.walk(statement))

    space = {}

    def value_of(expression):
        return eval(compile(ast.Expression(expression), "<test>", "eval"), space)

    def target_of(test):
        value, parts = None, {}
        for statement in ast.parse(test).body:
            if not uses_target(statement):
                exec(compile(ast.Module([statement], []), "<test>", "exec"), space)
                continue
            for part, expression in compared(statement):
                if part is None:
                    value = value_of(expression)
                else:
                    parts[value_of(part)] = value_of(expression)
        return [parts[at] for at in sorted(parts)] if parts else value

    exec(_assay_dependencies, space)
    exec(_assay_solution, space)
    return [target_of(test) for test in _assay_tests]
)PY";

}  // namespace

std::string_view scicode_compare_modules() {
  return kCompare;
}

std::string_view scicode_hdf5_targets() {
  return kHdf5;
}

std::string scicode_solution_targets(std::string_view dependencies, std::string_view solution,
                                     const std::vector<std::string>& tests) {
  std::string out = "_assay_dependencies = " + python_literal(dependencies) + "\n";
  out += "_assay_solution = " + python_literal(solution) + "\n";
  out += "_assay_tests = [\n";
  for (const std::string& test : tests) out += "    " + python_literal(test) + ",\n";
  out += "]\n";
  return out + std::string(kSolution);
}

bool uses_target(std::string_view test) {
  constexpr std::string_view name = "target";
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  for (std::size_t at = test.find(name); at != std::string_view::npos;
       at = test.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool starts = at == 0 || !is_word(test[at - 1]);
    const bool ends = end == test.size() || !is_word(test[end]);
    if (starts && ends) return true;
  }
  return false;
}

}  // namespace assay
