#include "samples.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "sandbox/python_json.h"

namespace assay {
namespace {

Result<std::string> read_gzip(const std::filesystem::path& path) {
  gzFile file = ::gzopen(path.c_str(), "rb");
  if (file == nullptr) return usage_error("cannot read " + path.string(), "", "correct the path");
  std::string out;
  std::array<char, 65536> buffer{};
  int n = 0;
  while ((n = ::gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  ::gzclose(file);
  return out;
}

Result<std::vector<Json>> read_rows(const std::filesystem::path& path) {
  const std::string text = TRY(read_gzip(path));
  std::vector<Json> out;
  for (const std::string& line : split(text, '\n')) {
    if (!trim(line).empty()) out.push_back(TRY(parse_json(line, path.string())));
  }
  return out;
}

Program script(std::string source, std::string test) {
  Program out;
  out.source = std::move(source);
  out.kind = TestKind::script;
  out.compare = Compare::none;
  out.tests = {{std::move(test), ""}};
  out.limits.cpu_s = 3;
  out.limits.wall_s = 30;
  return out;
}

// The samples' prompts lack HumanEval's examples, so the function's name is what links them.
std::string last_function(const std::string& prompt) {
  const std::size_t at = prompt.rfind("def ");
  if (at == std::string::npos) return "";
  return prompt.substr(at + 4, prompt.find('(', at) - at - 4);
}

std::ptrdiff_t common_prefix(const std::string& a, const std::string& b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

Result<std::string> test_of(const Json& row) {
  const std::string entry = TRY(string_field(row, "entry_point", "the row"));
  return TRY(string_field(row, "test", "the row")) + "\ncheck(" + entry + ")\n";
}

}  // namespace

Result<std::vector<Program>> load_samples(const std::filesystem::path& folder, int per_problem) {
  std::multimap<std::string, std::pair<std::string, std::string>> tests;  // name: prompt, test
  for (const Json& row : TRY(read_rows(folder / "HumanEval.jsonl.gz"))) {
    tests.emplace(TRY(string_field(row, "entry_point", "HumanEval")),
                  std::pair(TRY(string_field(row, "prompt", "HumanEval")), TRY(test_of(row))));
  }
  std::vector<Program> out;
  for (const Json& row :
       TRY(read_rows(folder / "HumanEval_codegen16B_num100_code_solution.jsonl"))) {
    const std::string prompt = TRY(string_field(row, "prompt", "samples"));
    // Some names occur twice: the right one shares the longest beginning.
    const auto [first, last] = tests.equal_range(last_function(prompt));
    const auto best = std::max_element(first, last, [&](const auto& a, const auto& b) {
      return common_prefix(prompt, a.second.first) < common_prefix(prompt, b.second.first);
    });
    if (best == last) {
      return usage_error("a sample's function is not in HumanEval", prompt, "use files that fit");
    }
    int taken = 0;
    for (const std::string& sample : TRY(strings_field(row, "samples", "samples"))) {
      if (taken++ == per_problem) break;
      out.push_back(script(prompt + sample, best->second.second));
    }
  }
  return out;
}

Result<std::vector<Program>> load_canonical(const std::filesystem::path& file) {
  std::vector<Program> out;
  // Python's own JSON: the rows hold infinities and whole numbers beyond 64 bits.
  for (const std::string& line : split(TRY(read_gzip(file)), '\n')) {
    if (trim(line).empty()) continue;
    const auto row = parse_python_json(line);
    if (!row) return usage_error("a row is no JSON", "", "correct the file");
    const auto text = [&](const char* name) {
      const auto it = row->fields.find(name);
      return it != row->fields.end() ? it->second.text : std::string();
    };
    std::string test = text("assertion");
    if (!text("test").empty()) {
      // The wider inputs have no recorded answers: the solution must only accept them.
      test = text("test") + "\ncheck(" + text("entry_point") + ")\nimport json as _json\n" +
             "for _x in _json.loads(" + dump_json(line) +
             ")['plus_input']: " + text("entry_point") + "(*_x)\n";
    }
    out.push_back(script(text("prompt") + text("canonical_solution"), std::move(test)));
    if (text("test").empty()) out.back().preamble = "import math\n";  // as MBPP+ assumes
    out.back().limits.cpu_s = 30;
    out.back().limits.wall_s = 120;
  }
  return out;
}

}  // namespace assay
