#include "base/python_json.h"

#include "base/unicode.h"

namespace assay {

std::string mend_python_json(std::string_view text, std::string_view mark) {
  std::string out;
  out.reserve(text.size() + 16);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    out.push_back(c);
    if (quoted) {
      if (c == '\\' && i + 1 < text.size()) out.push_back(text[++i]);
      if (c == '"') quoted = false;
      continue;
    }
    quoted = c == '"';
    for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
      if (c != word[0] || !text.substr(i).starts_with(word)) continue;
      out.pop_back();
      out.append("\"").append(mark).append(word).append("\"");
      i += word.size() - 1;
      break;
    }
  }
  return mend_surrogates(out);
}

}  // namespace assay
