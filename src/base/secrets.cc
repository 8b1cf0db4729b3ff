#include "base/secrets.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/files.h"
#include "base/text.h"

extern char** environ;

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShortestSecret = 8;
constexpr std::string_view kSecretWords[] = {"TOKEN", "KEY"};
constexpr std::string_view kSecretEndings[] = {"APIKEY", "SECRET", "PASSWORD", "PASSWD",
                                               "CREDENTIALS"};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Where huggingface_hub keeps the token of `hf auth login`.
fs::path token_file() {
  if (const std::string path = variable("HF_TOKEN_PATH"); !path.empty()) return path;
  if (const std::string home = variable("HF_HOME"); !home.empty()) return fs::path(home) / "token";
  const std::string cache = variable("XDG_CACHE_HOME");
  const fs::path base = cache.empty() ? fs::path(variable("HOME")) / ".cache" : fs::path(cache);
  return base / "huggingface/token";
}

}  // namespace

bool is_secret_name(std::string_view name) {
  if (name == "ASSAY_RUN_TOKEN") return false;
  const std::string_view last = name.substr(name.rfind('_') + 1);  // npos + 1 is 0
  return std::ranges::find(kSecretWords, last) != std::end(kSecretWords) ||
         std::ranges::any_of(kSecretEndings, [&](std::string_view e) { return last.ends_with(e); });
}

std::vector<std::string> secret_values() {
  std::vector<std::string> out;
  const auto add = [&](std::string_view value) {
    value = trim(value);
    if (value.size() >= kShortestSecret && std::ranges::find(out, value) == out.end()) {
      out.emplace_back(value);
    }
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (is_secret_name(text.substr(0, equals))) add(text.substr(equals + 1));
  }
  if (const auto stored = read_file(token_file())) add(*stored);
  return out;
}

SecretFilter::SecretFilter(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase(secrets_, "");
  std::ranges::sort(secrets_, std::ranges::greater(), &std::string::size);
}

std::string SecretFilter::feed(std::string_view piece) {
  held_ += piece;
  return pass_on(true);
}

std::string SecretFilter::finish() {
  return pass_on(false);
}

std::string SecretFilter::pass_on(bool more_may_come) {
  if (secrets_.empty()) return std::exchange(held_, {});
  std::string out;
  std::size_t at = 0;
  while (at < held_.size()) {
    const std::string_view rest = std::string_view(held_).substr(at);
    const std::string* found = nullptr;
    for (const std::string& secret : secrets_) {
      if (rest.starts_with(secret)) {
        found = &secret;
        break;
      }
      // The text may be the beginning of a longer secret; wait before a shorter one is replaced.
      if (more_may_come && std::string_view(secret).starts_with(rest)) {
        held_.erase(0, at);
        return out;
      }
    }
    if (found != nullptr) {
      out += kSecretMark;
      at += found->size();
    } else {
      out += held_[at++];
    }
  }
  held_.clear();
  return out;
}

std::string without_secrets(std::string_view text) {
  SecretFilter filter(secret_values());
  return filter.feed(text) + filter.finish();
}

}  // namespace assay
