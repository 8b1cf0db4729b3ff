#include "base/secret_shapes.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/ascii.h"
#include "base/text.h"

namespace assay {
namespace {

using Words = std::span<const std::string_view>;

bool is_one_of(std::string_view word, Words words) {
  return std::ranges::find(words, word) != words.end();
}

// --- names

constexpr auto kStrong = std::to_array<std::string_view>(
    {"secret", "secrets", "password", "passwd", "passphrase", "pat", "auth", "oauth",
     "authorization", "bearer", "cookie", "cookies", "credential", "credentials"});
constexpr auto kEndings = std::to_array<std::string_view>(
    {"apikey", "accesskey", "secretkey", "authkey", "authtoken", "accesstoken", "secret",
     "password", "passwd", "credential", "credentials"});
// May stand behind the word that matters.
constexpr auto kBehind =
    std::to_array<std::string_view>({"header", "headers", "value", "string", "text", "base", "b",
                                     "prod", "production", "staging", "dev", "test", "live"});
// A token that is a piece of text, and keys of tables and caches.
constexpr auto kNoTokens = std::to_array<std::string_view>(
    {"eos",   "bos",   "pad",   "unk",   "sep",   "cls",   "mask",    "stop",
     "end",   "start", "think", "image", "audio", "video", "special", "begin",
     "first", "last",  "next",  "max",   "min",   "per"});
constexpr auto kNoKeys = std::to_array<std::string_view>(
    {"tokens", "cache", "sort", "public", "primary", "foreign", "partition", "pub"});

// "HF_TOKEN" -> hf, token; "x-api-key" -> x, api, key; "accessToken2" -> access, token, 2.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> out;
  char before = '_';
  for (const char c : name) {
    const bool in_word = is_letter(c) || is_digit(c);
    const bool was_in_word = is_letter(before) || is_digit(before);
    const bool capital = is_letter(c) && !is_lower_letter(c);
    const bool begins =
        !was_in_word || (capital && is_lower_letter(before)) || (is_digit(c) && !is_digit(before));
    if (in_word && begins) out.emplace_back();
    if (in_word) out.back() += to_lower(c);
    before = c;
  }
  return out;
}

bool only_digits(std::string_view word) {
  return std::ranges::all_of(word, is_digit);
}

}  // namespace

bool is_secret_name(std::string_view name) {
  if (name == "ASSAY_RUN_TOKEN") return false;
  std::vector<std::string> words = words_of(name);
  while (!words.empty() && (only_digits(words.back()) || is_one_of(words.back(), kBehind))) {
    words.pop_back();
  }
  if (words.empty()) return false;
  const std::string last = words.back();
  const std::string_view before =
      words.size() > 1 ? std::string_view(words[words.size() - 2]) : std::string_view();
  if (last == "token") return !is_one_of(before, kNoTokens);
  if (last == "key") return !is_one_of(before, kNoKeys);
  return is_one_of(last, kStrong) ||
         std::ranges::any_of(kEndings, [&](std::string_view e) { return last.ends_with(e); });
}

// --- shapes

namespace {

bool is_base64_char(char c) {
  return is_letter(c) || is_digit(c) || std::string_view("-_+/=.~").contains(c);
}
bool is_key_char(char c) {
  return is_word_char(c) || c == '-';
}
bool is_big_or_digit(char c) {
  return is_digit(c) || (is_letter(c) && !is_lower_letter(c));
}

struct Shape {
  std::string_view prefix;
  std::size_t least;        // characters behind the prefix
  bool (*belongs)(char c);  // which they may be
  bool any_case = false;    // of the prefix
};
constexpr std::array kShapes = {
    Shape{"hf_", 12, is_word_char},
    Shape{"api_org_", 12, is_word_char},
    Shape{"sk-", 12, is_key_char},
    Shape{"sk_live_", 12, is_word_char},
    Shape{"sk_test_", 12, is_word_char},
    Shape{"rk_live_", 12, is_word_char},
    Shape{"ghp_", 12, is_word_char},
    Shape{"gho_", 12, is_word_char},
    Shape{"ghu_", 12, is_word_char},
    Shape{"ghs_", 12, is_word_char},
    Shape{"ghr_", 12, is_word_char},
    Shape{"github_pat_", 12, is_word_char},
    Shape{"glpat-", 12, is_key_char},
    Shape{"nvapi-", 12, is_key_char},
    Shape{"gsk_", 12, is_word_char},
    Shape{"pplx-", 12, is_key_char},
    Shape{"xai-", 12, is_key_char},
    Shape{"r8_", 12, is_word_char},
    Shape{"xoxa-", 8, is_key_char},
    Shape{"xoxb-", 8, is_key_char},
    Shape{"xoxp-", 8, is_key_char},
    Shape{"xoxr-", 8, is_key_char},
    Shape{"xoxs-", 8, is_key_char},
    Shape{"xoxe-", 8, is_key_char},
    Shape{"xapp-", 8, is_key_char},
    Shape{"AIza", 30, is_key_char},
    Shape{"AKIA", 16, is_big_or_digit},
    Shape{"ASIA", 16, is_big_or_digit},
    Shape{"bearer ", 8, is_base64_char, true},
    Shape{"basic ", 8, is_base64_char, true},
};

// Keys are random: they hold a digit, or a long run of nothing but letters. Names that begin like
// one ("sk-learn-pipeline", "basic authentication") do neither.
bool looks_random(std::string_view tail) {
  constexpr std::size_t kLongRun = 20;
  std::size_t run = 0;
  for (const char c : tail) {
    if (is_digit(c)) return true;
    run = is_letter(c) ? run + 1 : 0;
    if (run >= kLongRun) return true;
  }
  return false;
}

std::size_t shape_at(std::string_view rest, const Shape& shape) {
  if (rest.size() < shape.prefix.size() + shape.least) return 0;
  for (std::size_t i = 0; i < shape.prefix.size(); ++i) {
    if ((shape.any_case ? to_lower(rest[i]) : rest[i]) != shape.prefix[i]) return 0;
  }
  std::size_t end = shape.prefix.size();
  while (end < rest.size() && shape.belongs(rest[end])) ++end;
  const std::string_view tail = rest.substr(shape.prefix.size(), end - shape.prefix.size());
  return tail.size() >= shape.least && looks_random(tail) ? end : 0;
}

// Three parts of base64 with dots between them, of which the first begins a JSON object.
std::size_t json_web_token_at(std::string_view rest) {
  constexpr std::size_t kLeast = 30;
  if (!rest.starts_with("eyJ")) return 0;
  std::size_t end = 0;
  int dots = 0;
  while (end < rest.size() && (is_key_char(rest[end]) || rest[end] == '.')) {
    dots += rest[end++] == '.' ? 1 : 0;
  }
  return dots >= 2 && end >= kLeast ? end : 0;
}

std::size_t private_key_at(std::string_view rest) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kKey = "PRIVATE KEY-----";
  constexpr std::size_t kLongestKind = 40;
  if (!rest.starts_with(kBegin)) return 0;
  const std::size_t key = rest.substr(0, kLongestKind).find(kKey);
  if (key == std::string_view::npos) return 0;
  const std::size_t end = rest.find("-----END", key);
  return end == std::string_view::npos ? rest.size() : end;
}

}  // namespace

std::optional<TextSpan> find_secret_shape(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (at > 0 && is_word_char(text[at - 1])) continue;
    const std::string_view rest = text.substr(at);
    std::size_t size = std::max(json_web_token_at(rest), private_key_at(rest));
    for (const Shape& shape : kShapes) size = std::max(size, shape_at(rest, shape));
    if (size > 0) return TextSpan{at, size};
  }
  return std::nullopt;
}

std::optional<TextSpan> find_url_user(std::string_view text, std::size_t from) {
  constexpr std::string_view kMark = "://";
  for (std::size_t at = text.find(kMark, from); at != std::string_view::npos;
       at = text.find(kMark, at + 1)) {
    if (at == 0 || !(is_letter(text[at - 1]) || is_digit(text[at - 1]))) continue;
    const std::size_t begin = at + kMark.size();
    // A password may hold an "@" that nobody escaped: the last one before the path counts.
    const std::size_t end = std::min(text.find_first_of("/?# \t\r\n\"'<>", begin), text.size());
    const std::size_t sign = text.substr(0, end).rfind('@');
    if (sign == std::string_view::npos || sign <= begin) continue;
    return TextSpan{begin, sign - begin};
  }
  return std::nullopt;
}

// --- spellings

namespace {

std::string percent_encoded(std::string_view text, std::string_view hex) {
  std::string out;
  for (const char c : text) {
    if (is_word_char(c) || c == '-' || c == '.' || c == '~') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', hex[byte >> 4U], hex[byte & 15U]};
  }
  return out;
}

std::string json_escaped(std::string_view text, bool slash) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\' || (slash && c == '/')) out += '\\';
    out += c;
  }
  return out;
}

std::string base64_of_threes(std::string_view text) {
  const std::size_t size = text.size() / 3 * 3;
  std::vector<unsigned char> out((size / 3 * 4) + 1);  // and a terminating zero
  const int length = EVP_EncodeBlock(
      out.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(size));
  return {out.begin(), out.begin() + length};
}

}  // namespace

std::vector<std::string> spellings_of(std::string_view secret) {
  constexpr std::size_t kLeastBase64 = 8;
  std::vector<std::string> out;
  const auto add = [&out](std::string spelling) {
    if (std::ranges::find(out, spelling) == out.end()) out.push_back(std::move(spelling));
  };
  add(std::string(secret));
  add(percent_encoded(secret, "0123456789ABCDEF"));
  add(percent_encoded(secret, "0123456789abcdef"));
  add(json_escaped(secret, false));
  add(json_escaped(secret, true));
  add(markup_escaped(secret));
  for (const auto change : {to_lower, to_upper}) {
    std::string text(secret);
    std::ranges::transform(text, text.begin(), change);
    add(std::move(text));
  }
  // Three bytes are four letters, so what stands before the secret moves it by 0, 1 or 2 bytes. Up
  // to two bytes at each end share their letters with what is beside them and stay.
  for (std::size_t left_out = 0; left_out < 3 && left_out < secret.size(); ++left_out) {
    std::string text = base64_of_threes(secret.substr(left_out));
    if (text.size() >= kLeastBase64) add(std::move(text));
  }
  return out;
}

}  // namespace assay
