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

void add_spellings(std::vector<std::string>& out, std::string_view secret) {
  for (std::string& spelling : spellings_of(secret)) {
    if (std::ranges::find(out, spelling) == out.end()) out.push_back(std::move(spelling));
  }
}

}  // namespace

std::vector<std::string> secret_values() {
  std::vector<std::string> out;
  const auto add = [&](std::string_view value) {
    value = trim(value);
    if (value.size() >= kShortestSecretBytes) add_spellings(out, value);
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view value = text.substr(equals + 1);
    if (is_secret_name(text.substr(0, equals))) add(value);
    if (const auto user = find_url_user(value)) {
      const std::string_view both = value.substr(user->begin, user->size);
      add(both);
      add(both.substr(both.find(':') + 1));  // without ":" the whole is a user, or a token
    }
  }
  if (const auto stored = read_file(token_file())) add(*stored);
  return out;
}

std::vector<std::string> secret_values_and(std::string_view more) {
  std::vector<std::string> out = secret_values();
  if (!more.empty()) add_spellings(out, more);
  return out;
}

SecretFilter::SecretFilter(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase(secrets_, "");
  std::ranges::sort(secrets_, std::ranges::greater(), &std::string::size);
  for (const std::string& secret : secrets_) begins_[static_cast<unsigned char>(secret[0])] = true;
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
    const std::size_t plain = at;
    while (at < held_.size() && !begins_[static_cast<unsigned char>(held_[at])]) ++at;
    out.append(held_, plain, at - plain);
    if (at == held_.size()) break;
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

std::string without_secrets(std::string_view text, const std::vector<std::string>& secrets) {
  SecretFilter filter(secrets);
  std::string out = filter.feed(text);
  return out + filter.finish();
}

std::string words_without_secrets(std::string_view text, const std::vector<std::string>& secrets) {
  std::string out = without_secrets(text, secrets);
  for (const auto find : {find_url_user, find_secret_shape}) {
    for (auto span = find(out, 0); span; span = find(out, span->begin + kSecretMark.size())) {
      out.replace(span->begin, span->size, kSecretMark);
    }
  }
  return out;
}

std::string without_secrets(std::string_view text) {
  return words_without_secrets(text, secret_values());
}

}  // namespace assay
