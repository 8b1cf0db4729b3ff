// The library that decides mathematics, Math-Verify, and its grammar: their versions as a Python
// has them. Answers of another grammar differ (antlr4 4.11 cannot read "\boxed{10\%}", 4.13 can).
#pragma once

#include <map>
#include <string>

namespace assay {

using PackageVersions = std::map<std::string, std::string>;  // package as pip names it -> version

// The versions that the fast path (score/math/math.h) imitates.
[[nodiscard]] inline const PackageVersions& imitated_reference() {
  static const PackageVersions versions = {{"math-verify", "0.9.0"},
                                           {"latex2sympy2_extended", "1.11.0"},
                                           {"antlr4-python3-runtime", "4.11.0"}};
  return versions;
}

// "math-verify 0.9.0, latex2sympy2_extended 1.11.0, …"; empty for none.
[[nodiscard]] inline std::string reference_text(const PackageVersions& versions) {
  std::string text;
  for (const char* name : {"math-verify", "latex2sympy2_extended", "antlr4-python3-runtime"}) {
    const auto version = versions.find(name);
    if (version == versions.end()) continue;
    text.append(text.empty() ? "" : ", ").append(name).append(" ").append(version->second);
  }
  return text;
}

}  // namespace assay
