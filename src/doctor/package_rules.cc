#include <fmt/format.h>

#include <array>
#include <charconv>
#include <compare>

#include "base/text.h"
#include "doctor/rules.h"

namespace assay {
namespace {

struct Release {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Release&) const = default;
};

// The oldest and the newest that were tried, docs/vllm_versions.md.
constexpr Release kOldestTried{0, 26};
constexpr Release kNewestTried{0, 32};

// "0.32.0+cpu" is 0.32. Nothing: not a release's name.
std::optional<Release> release_of(const std::string& version) {
  const std::vector<std::string> parts = split(version, '.');
  std::array<int, 2> numbers{};
  if (parts.size() < numbers.size()) return std::nullopt;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const char* end = parts[i].data() + parts[i].size();
    const auto [stop, error] = std::from_chars(parts[i].data(), end, numbers[i]);
    if (error != std::errc{} || stop != end) return std::nullopt;
  }
  return Release{numbers[0], numbers[1]};
}

}  // namespace

Finding engine_finding(const std::string& package, const std::string& version,
                       const std::string& python) {
  const Text name = {"engine", "引擎"};
  const Text found = bilingual("{0} {1} in {2}", "{0} {1}，位于 {2}", package, version, python);
  const auto release = release_of(version);
  if (release && kOldestTried <= *release && *release <= kNewestTried) return ok(name, found);
  return note(name,
              bilingual("{}: not a release that was tried, which {}.{} to {}.{} were",
                        "{}：不是试过的版本，试过的是 {}.{} 至 {}.{}", found, kOldestTried.major,
                        kOldestTried.minor, kNewestTried.major, kNewestTried.minor),
              {"run a small plan first (plans/demo.yaml); docs/vllm_versions.md",
               "先运行一个小计划（plans/demo.yaml）；docs/vllm_versions.md"});
}

Findings package_findings(const std::vector<PackageNeed>& needed,
                          const std::map<std::string, std::string>& installed,
                          const std::string& python) {
  Findings out;
  std::vector<std::string> there;
  for (const PackageNeed& need : needed) {
    const auto found = installed.find(need.name);
    if (found != installed.end()) {
      there.push_back(need.name + " " + found->second);
      continue;
    }
    out.push_back(missing(bilingual("package {}", "软件包 {}", need.name),
                          bilingual("{} is not installed: it is needed for {}",
                                    "没有安装 {}：{}需要它", need.name, need.what_for),
                          bilingual("looked for in {}", "在 {} 中找过", python),
                          fmt::format("`{} -m pip install {}`", python, need.name)));
  }
  if (!there.empty()) out.insert(out.begin(), ok({"packages", "软件包"}, join(there, ", ")));
  return out;
}

}  // namespace assay
