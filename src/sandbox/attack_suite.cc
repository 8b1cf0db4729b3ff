#include "sandbox/attack_suite.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "sandbox/embedded.h"

namespace assay {
namespace {

constexpr std::string_view kTestMark = "# --- test ---\n";

// An honest program that fails when it finds traces of a program that ran before it.
constexpr const char* kNeighbour = R"(
import os, sys
print(sorted(os.listdir("/tmp")), sorted(os.listdir("/dev/shm")), os.listdir("/proc"))
print(os.getpid(), os.environ.get("ASSAY_ATTACK"), sys.stdin.read().strip())
try:
    os.kill(3, 0)
    print("somebody else is here")
except ProcessLookupError:
    print(len(open("/tmp/mine", "w").name))
)";
constexpr const char* kNeighbourExpected = "[] [] ['self']\n2 None hello\n9\n";

constexpr ProgramVerdict kVerdicts[] = {
    ProgramVerdict::passed,        ProgramVerdict::wrong_answer,   ProgramVerdict::runtime_error,
    ProgramVerdict::time_limit,    ProgramVerdict::memory_limit,   ProgramVerdict::output_limit,
    ProgramVerdict::process_limit, ProgramVerdict::forbidden_call, ProgramVerdict::no_code};

std::unexpected<Error> bad_manifest(std::string_view name, std::string why) {
  return usage_error(fmt::format("cannot use attack program {}", name), std::move(why),
                     "see src/sandbox/attack_suite.h for its manifest");
}

Result<std::vector<ProgramVerdict>> parse_verdicts(std::string_view name, std::string_view text) {
  std::vector<ProgramVerdict> out;
  for (const std::string& part : split(text, '|')) {
    const std::string word = replace_all(std::string(trim(part)), "_", " ");
    const auto* const it = std::find_if(std::begin(kVerdicts), std::end(kVerdicts),
                                        [&](ProgramVerdict v) { return word == to_string(v); });
    if (it == std::end(kVerdicts))
      return bad_manifest(name, fmt::format("'{}' is no verdict", word));
    out.push_back(*it);
  }
  return out;
}

Status parse_limits(std::string_view name, std::string_view text, ProgramLimits& limits) {
  for (const std::string& word : split(trim(text), ' ')) {
    const std::size_t at = word.find('=');
    double value = 0;
    const char* end = word.data() + word.size();
    if (at == std::string::npos ||
        std::from_chars(word.data() + at + 1, end, value).ec != std::errc{}) {
      return bad_manifest(name, fmt::format("'{}' is no limit", word));
    }
    const std::string key = word.substr(0, at);
    const auto bytes = [value](double unit) { return static_cast<std::uint64_t>(value * unit); };
    if (key == "cpu_s") {
      limits.cpu_s = value;
    } else if (key == "wall_s") {
      limits.wall_s = value;
    } else if (key == "memory_mb") {
      limits.memory_bytes = bytes(1 << 20);
    } else if (key == "output_kb") {
      limits.output_bytes = bytes(1 << 10);
    } else if (key == "file_kb") {
      limits.file_bytes = bytes(1 << 10);
    } else if (key == "processes") {
      limits.processes = static_cast<int>(value);
    } else {
      return bad_manifest(name, fmt::format("'{}' is no limit", key));
    }
  }
  return {};
}

// Tight limits, so that an attack that succeeds does little harm.
ProgramLimits suite_limits() {
  ProgramLimits out;
  out.cpu_s = 1;
  out.wall_s = 20;
  out.memory_bytes = 256UL << 20;
  out.output_bytes = 1UL << 20;
  out.processes = 16;
  out.file_bytes = 1UL << 20;
  return out;
}

std::map<std::string, std::string> read_manifest(std::string_view text) {
  std::map<std::string, std::string> out;
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with("# ")) break;
    const std::size_t at = line.find(':');
    if (at == std::string::npos) continue;
    out.insert_or_assign(line.substr(2, at - 2), std::string(trim(line.substr(at + 1))));
  }
  return out;
}

// Empties the manifest's lines, because they hold the expected output; line numbers do not change.
std::string without_manifest(std::string_view text) {
  std::string out;
  while (text.starts_with("# ")) {
    out += '\n';
    text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  }
  return out + std::string(text);
}

Program neighbour() {
  Program out;
  out.source = kNeighbour;
  out.tests = {{"hello\n", kNeighbourExpected}};
  out.limits = suite_limits();
  return out;
}

}  // namespace

Result<AttackProgram> parse_attack(std::string_view name, std::string_view text) {
  std::map<std::string, std::string> manifest = read_manifest(text);
  AttackProgram out;
  out.name = name;
  out.what = manifest["attack"];
  if (out.what.empty() || manifest["expect"].empty()) {
    return bad_manifest(name, "its manifest lacks 'attack' or 'expect'");
  }
  out.expect = TRY(parse_verdicts(name, manifest["expect"]));
  Program& program = out.program;
  program.limits = suite_limits();
  if (!manifest["limits"].empty()) TRY(parse_limits(name, manifest["limits"], program.limits));
  program.function_name = manifest["function"];
  program.needs_scientific = manifest["scientific"] == "yes";
  program.run_as_main = manifest["main"] == "yes";
  ProgramTest test{manifest["input"], manifest["expected"]};
  const std::string& kind = manifest["kind"];
  if (kind == "function") {
    program.kind = TestKind::function;
    program.compare = Compare::json_value;
  } else if (kind == "script") {
    program.kind = TestKind::script;
    program.compare = Compare::none;
    const std::size_t mark = text.find(kTestMark);
    if (mark == std::string_view::npos) return bad_manifest(name, "a script needs a test part");
    test.input = text.substr(mark + kTestMark.size());
    text = text.substr(0, mark);
  } else if (!kind.empty() && kind != "stdin_stdout") {
    return bad_manifest(name, fmt::format("'{}' is no kind", kind));
  }
  program.source = without_manifest(text);
  program.tests = {std::move(test)};
  return out;
}

Result<std::vector<AttackProgram>> built_in_attacks() {
  std::vector<AttackProgram> out;
  for (const EmbeddedFile& file : attack_files()) {
    out.push_back(TRY(parse_attack(file.name, file.content)));
  }
  return out;
}

Result<std::vector<AttackProgram>> load_attacks(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".py") paths.push_back(entry.path());
  }
  if (error) {
    return usage_error(fmt::format("cannot read {}", folder.string()), error.message(),
                       "name the folder with the attack programs");
  }
  std::sort(paths.begin(), paths.end());
  std::vector<AttackProgram> out;
  for (const auto& path : paths) {
    const std::string text = TRY(read_file(path));
    out.push_back(TRY(parse_attack(path.filename().string(), text)));
  }
  return out;
}

Result<std::vector<AttackResult>> run_attack_suite(Sandbox& sandbox,
                                                   const std::vector<AttackProgram>& attacks,
                                                   const Deadline& until) {
  std::vector<AttackResult> out;
  const Program honest = neighbour();
  for (const AttackProgram& attack : attacks) {
    AttackResult result;
    result.name = attack.name;
    result.what = attack.what;
    std::vector<std::string> names;
    names.reserve(attack.expect.size());
    for (const ProgramVerdict verdict : attack.expect) names.emplace_back(to_string(verdict));
    result.expected = join(names, " | ");
    const auto begin = std::chrono::steady_clock::now();
    const ProgramResult ran = TRY(sandbox.run(attack.program, until));
    result.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    result.verdict = ran.verdict;
    result.detail = ran.detail;
    result.held = std::count(attack.expect.begin(), attack.expect.end(), ran.verdict) > 0;
    const ProgramResult after = TRY(sandbox.run(honest, until));
    if (after.verdict != ProgramVerdict::passed) {
      result.held = false;
      result.detail = fmt::format("the next program was disturbed: {} {}", to_string(after.verdict),
                                  after.detail);
    }
    out.push_back(std::move(result));
  }
  return out;
}

}  // namespace assay
