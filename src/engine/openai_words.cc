// What a server means by the words of an error.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/json.h"
#include "base/text.h"
#include "base/unicode.h"
#include "engine/openai_json.h"
#include "engine/openai_wire.h"

namespace assay {

using nlohmann::json;

const json& wire_field(const json& object, const char* name) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto it = object.find(name);
  return it == object.end() ? nothing : *it;
}

std::string wire_text(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

int wire_count(const json& value) {
  return value.is_number_integer() ? value.get<int>() : 0;
}

// A lone half of a surrogate pair, which Python's json writes, becomes U+FFFD.
json parse_reply(std::string_view text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_discarded() || text.find("\\u") == std::string_view::npos) return value;
  return json::parse(mend_surrogates(text), nullptr, /*allow_exceptions=*/false);
}

namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}

}  // namespace

std::optional<ParameterChange> change_for(std::string_view refusal) {
  const json body = parse_reply(refusal);
  const json& error = wire_field(body, "error");
  const std::string param = wire_text(wire_field(error.is_null() ? body : error, "param"));
  const std::string words = lower_case(words_of_error(refusal, "application/json"));
  const bool unsupported = std::ranges::any_of(
      std::to_array<std::string_view>({"unsupported", "not support", "not allowed", "not permitted",
                                       "unrecognized", "unknown", "only the default"}),
      [&words](std::string_view word) { return words.find(word) != std::string::npos; });
  const auto names = [&](const std::string& name) {
    return param == name || words.find("'" + name + "'") != std::string::npos ||
           words.find("`" + name + "`") != std::string::npos ||
           words.find("\"" + name + "\"") != std::string::npos;
  };
  const bool wants_other = words.find("max_completion_tokens") != std::string::npos;
  if (names("max_tokens") && (wants_other || unsupported)) {
    return ParameterChange{"max_tokens", true};
  }
  if (!unsupported) return std::nullopt;
  for (const char* name : {"temperature", "top_p", "stop", "seed", "stream_options"}) {
    if (names(name)) return ParameterChange{name};
  }
  return std::nullopt;
}

bool is_done(const ParameterChange& change, const WireFormat& format) {
  if (change.renamed) return format.max_tokens_key != change.parameter;
  return std::ranges::find(format.leave_out, change.parameter) != format.leave_out.end();
}

void apply(const ParameterChange& change, WireFormat& format) {
  if (change.renamed) {
    format.max_tokens_key = "max_completion_tokens";
  } else {
    format.leave_out.push_back(change.parameter);
  }
}

bool says_too_long(std::string_view text) {
  static constexpr auto kWords = std::to_array<std::string_view>({
      "maximum context length",                        // OpenAI, vLLM, SGLang, Mistral
      "context_length_exceeded",                       // OpenAI's code
      "longer than the maximum model length",          // vLLM
      "longer than the model's context length",        // SGLang
      "tokens) exceeds the maximum allowed length",    // SGLang, of its cache
      "exceeds the available context size",            // llama.cpp
      "exceed_context_size_error",                     // llama.cpp's type
      "context size has been exceeded",                // llama.cpp and LM Studio, in mid-answer
      "greater than the context length",               // LM Studio
      "`inputs` tokens + `max_new_tokens` must be",    // TGI
      "`inputs` must have less than",                  // TGI
      "reduce the length of the messages",             // Groq
      "exceeds the maximum number of tokens allowed",  // Gemini
      "prompt is too long",                            // Anthropic
  });
  const std::string lower = lower_case(text);
  return std::ranges::any_of(
      kWords, [&lower](std::string_view words) { return lower.find(words) != std::string::npos; });
}

std::string words_of_error(std::string_view body, std::string_view type) {
  const std::string_view start = trim(body);
  if (start.starts_with('<') || type == "text/html") {
    const std::size_t from = start.find("<title>");
    const std::size_t to = start.find("</title>");
    if (from == std::string_view::npos || to == std::string_view::npos || to < from) {
      return "a page of HTML";
    }
    return "a page of HTML, '" + one_line(start.substr(from + 7, to - from - 7), kLongestWords) +
           "'";
  }
  const json value = json::parse(start, nullptr, /*allow_exceptions=*/false);
  for (const json* place : {&wire_field(value, "error"), &value}) {
    if (place->is_string()) return one_line(place->get<std::string>(), kLongestWords);
    for (const char* name : {"message", "detail"}) {
      if (const std::string words = wire_text(wire_field(*place, name)); !words.empty()) {
        return one_line(words, kLongestWords);
      }
    }
  }
  return start.empty() ? "nothing" : one_line(start, kLongestWords);
}

}  // namespace assay
