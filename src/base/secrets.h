// Keeping tokens and keys of the environment out of everything that is written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay {

inline constexpr std::string_view kSecretMark = "[secret]";  // printed instead of a secret

// True for names whose value is kept secret: their last word is TOKEN or KEY, or they end in
// APIKEY, SECRET, PASSWORD, PASSWD or CREDENTIALS. ASSAY_RUN_TOKEN is not a secret.
[[nodiscard]] bool is_secret_name(std::string_view name);

// The secrets this process knows: values of such variables, and the token that the hub's client
// keeps in a file (HF_TOKEN_PATH, $HF_HOME/token and its defaults). Values of fewer than
// eight bytes are left out, because they would occur by chance in other text.
[[nodiscard]] std::vector<std::string> secret_values();

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

  std::vector<std::string> secrets_;  // longest first
  std::string held_;
};

// A whole text without the secrets this process knows.
[[nodiscard]] std::string without_secrets(std::string_view text);

}  // namespace assay
