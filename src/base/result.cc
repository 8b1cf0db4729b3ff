#include "base/result.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace assay {
namespace {

struct SystemWords {
  int number;
  const char* zh;
};

// Those that a user meets: paths, permissions, disks, the network.
constexpr std::array kSystemWords{
    SystemWords{ENOENT, "没有这个文件或目录"}, SystemWords{EACCES, "权限不足"},
    SystemWords{EPERM, "不允许这样做"},        SystemWords{ENOTDIR, "不是目录"},
    SystemWords{EISDIR, "是一个目录"},         SystemWords{EEXIST, "文件已存在"},
    SystemWords{ENOSPC, "磁盘空间不足"},       SystemWords{EDQUOT, "超出磁盘配额"},
    SystemWords{EROFS, "文件系统只读"},        SystemWords{ENAMETOOLONG, "文件名太长"},
    SystemWords{ELOOP, "符号链接层数太多"},    SystemWords{EMFILE, "打开的文件太多"},
    SystemWords{ENOMEM, "内存不足"},           SystemWords{ECONNREFUSED, "连接被拒绝"},
    SystemWords{ETIMEDOUT, "连接超时"},
};

Text both(const std::string& en, const std::string& zh) {
  return {en, zh.empty() ? en : zh};
}

// What is the same in both languages is kept once.
void put(std::string& en, std::string& zh, Text text) {
  zh = text.zh == text.en ? "" : std::move(text.zh);
  en = std::move(text.en);
}

}  // namespace

Text Error::what_text() const {
  return both(what, zh.what);
}

Text Error::why_text() const {
  return both(why, zh.why);
}

Text Error::fix_text() const {
  return both(fix, zh.fix);
}

void Error::set_what(Text text) {
  put(what, zh.what, std::move(text));
}

void Error::set_fix(Text text) {
  put(fix, zh.fix, std::move(text));
}

std::string Error::to_string(Language language) const {
  const auto in = [language](const char* english, const char* chinese) {
    return language == Language::zh ? chinese : english;
  };
  std::string out = in("error: ", "错误：") + what_text().in(language);
  if (!why.empty()) out += in("\n  why: ", "\n  原因：") + why_text().in(language);
  if (!fix.empty()) out += in("\n  do:  ", "\n  处理：") + fix_text().in(language);
  return sanitize_utf8(out);
}

Error make_error(ErrorKind kind, Text what, Text why, Text fix) {
  Error error;
  error.kind = kind;
  put(error.what, error.zh.what, std::move(what));
  put(error.why, error.zh.why, std::move(why));
  put(error.fix, error.zh.fix, std::move(fix));
  return error;
}

std::unexpected<Error> usage_error(Text what, Text why, Text fix) {
  return std::unexpected(
      make_error(ErrorKind::usage, std::move(what), std::move(why), std::move(fix)));
}

std::unexpected<Error> environment_error(Text what, Text why, Text fix) {
  return std::unexpected(
      make_error(ErrorKind::environment, std::move(what), std::move(why), std::move(fix)));
}

Text system_words(int number) {
  const auto* const found = std::ranges::find(kSystemWords, number, &SystemWords::number);
  std::string words = std::strerror(number);
  if (found == kSystemWords.end()) return words;
  return {std::move(words), found->zh};
}

std::unexpected<Error> errno_error(Text what, Text fix) {
  const int number = errno;
  return environment_error(std::move(what), system_words(number), std::move(fix));
}

}  // namespace assay
