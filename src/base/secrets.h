// Keeping tokens and keys of the environment out of everything that is written.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_shapes.h"

namespace assay {

inline constexpr std::string_view kSecretMark = "[secret]";  // printed instead of a secret
// What is shorter would occur by chance in other text.
inline constexpr std::size_t kShortestSecretBytes = 8;

// The secrets this process knows, in every spelling of secret_shapes.h: values of variables with a
// secret's name, users and passwords of addresses in any variable (a proxy, a mirror), and the
// token that the hub's client keeps in a file (HF_TOKEN_PATH, $HF_HOME/token and its defaults).
// Values of fewer than eight bytes are left out, because they would occur by chance in other text.
[[nodiscard]] std::vector<std::string> secret_values();

// Those and one more, in its spellings. Of `more` the length does not matter.
[[nodiscard]] std::vector<std::string> secret_values_and(std::string_view more);

// Copies text piece by piece and replaces secrets by kSecretMark, also when a secret is split
// between two pieces. Text that may be the beginning of a secret is held back until more text is
// there.
class SecretFilter {
 public:
  explicit SecretFilter(std::vector<std::string> secrets);

  [[nodiscard]] std::string feed(std::string_view piece);
  [[nodiscard]] std::string finish();  // what is still held back

 private:
  std::string pass_on(bool more_may_come);

  std::vector<std::string> secrets_;   // longest first
  std::array<bool, 256> begins_ = {};  // whether a secret begins with the byte
  std::string held_;
};

// A whole text without these secrets, each longest first.
[[nodiscard]] std::string without_secrets(std::string_view text,
                                          const std::vector<std::string>& secrets);

// Words that somebody else wrote (an error, a line of a log) without the secrets this process
// knows, or `secrets`, and without anything else that has the shape of one.
[[nodiscard]] std::string without_secrets(std::string_view text);
[[nodiscard]] std::string words_without_secrets(std::string_view text,
                                                const std::vector<std::string>& secrets);

}  // namespace assay
