// What a secret looks like: the names of settings that hold one, the shapes of common keys, and
// addresses with a user and a password in them. docs/secrets.md has the rules in words.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// True for names of settings whose value is kept secret: in whatever case and with whatever between
// the words, their last word is token, key, secret, password, pat, auth, cookie, credential or the
// like; a number, a stage ("prod") or a carrier ("header") may stand behind it. Not of settings
// that only share the word (max_tokens, tokenizer, eos_token, prompt_cache_key), of those that say
// where a secret is (HF_TOKEN_PATH, api_key_env), and not ASSAY_RUN_TOKEN.
[[nodiscard]] bool is_secret_name(std::string_view name);

struct TextSpan {
  std::size_t begin = 0;
  std::size_t size = 0;
};

// The first piece of `text`, from `from` on, that has the shape of a key: the prefixes of
// well-known services, "Bearer …", "Basic …", a JSON web token, a private key in PEM.
[[nodiscard]] std::optional<TextSpan> find_secret_shape(std::string_view text,
                                                        std::size_t from = 0);

// The first "user", "user:password" or ":password" between "scheme://" and "@".
[[nodiscard]] std::optional<TextSpan> find_url_user(std::string_view text, std::size_t from = 0);

// The ways one secret may be spelt in what a server or a program writes: as it is, percent-encoded,
// escaped for JSON or HTML, in small or capital letters, and in base64, whatever stands beside it
// there (HTTP's Basic).
[[nodiscard]] std::vector<std::string> spellings_of(std::string_view secret);

}  // namespace assay
