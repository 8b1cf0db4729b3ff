#include "base/hash.h"

#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/file_hash.h"
#include "base/running_hash.h"

namespace assay {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using Digest = std::array<unsigned char, 32>;

Digest finish(EVP_MD_CTX* context) {
  Digest digest{};
  EVP_DigestFinal_ex(context, digest.data(), nullptr);
  return digest;
}

// Looked up once: OpenSSL takes longer to find an algorithm than to hash a short text by it.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm != nullptr ? algorithm : EVP_sha256();
}

Digest sha256(std::string_view bytes) {
  thread_local const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), sha256_algorithm(), nullptr);
  EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
  return finish(context.get());
}

std::string hex(const Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(digest.size() * 2);
  for (unsigned char byte : digest) {
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 15U]);
  }
  return out;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  return hex(sha256(bytes));
}

struct RunningHash::State {
  Context context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

RunningHash::RunningHash() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context.get(), sha256_algorithm(), nullptr);
}
RunningHash::RunningHash(RunningHash&&) noexcept = default;
RunningHash& RunningHash::operator=(RunningHash&&) noexcept = default;
RunningHash::~RunningHash() = default;

void RunningHash::add(std::string_view bytes) {
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

std::string RunningHash::hex() {
  return assay::hex(finish(state_->context.get()));
}

std::string sha256_base64(std::string_view bytes) {
  const Digest digest = sha256(bytes);
  std::array<unsigned char, 4 * ((sizeof(Digest) + 2) / 3) + 1> text{};  // and a terminating zero
  const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
  return {text.begin(), text.begin() + length};
}

std::uint64_t sha256_u64(std::string_view bytes) {
  const Digest digest = sha256(bytes);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8U | digest[i];
  return value;
}

Result<std::string> sha256_file_hex(const std::filesystem::path& path) {
  return sha256_file_hex(path, Deadline());
}

Result<std::string> sha256_file_hex(const std::filesystem::path& path, const Deadline& until) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                       &std::fclose);
  if (!file) return errno_error("cannot read " + path.string(), "check that the file is there");
  RunningHash hash;
  std::vector<char> buffer(1U << 20U);
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    hash.add({buffer.data(), n});
    if (until.stopped()) return std::unexpected(interrupted_error());
    if (until.passed()) {
      return environment_error("the budget ended while " + path.string() + " was hashed",
                               "a model is known by the hash of its files",
                               "run the same command again: files that were hashed stay known");
    }
  }
  if (std::ferror(file.get())) {
    return errno_error("cannot read " + path.string(), "check the disk");
  }
  return hash.hex();
}

}  // namespace assay
