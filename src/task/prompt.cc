#include "task/prompt.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/hash.h"
#include "base/json.h"
#include "base/unicode.h"
#include "task/python_text.h"

namespace assay {
namespace {

// lm-eval joins a system instruction and a description by its few-shot delimiter, unless one of
// them already has white space where they meet.
std::string join_system(const std::string& system, const std::string& description) {
  if (system.empty()) return description;
  if (description.empty()) return system;
  if (ends_with_space(system) || starts_with_space(description)) return system + description;
  return system + "\n\n" + description;
}

Result<double> sampling_number(const TaskSpec& spec, const Json& value, const std::string& key) {
  if (!value.is_number()) {
    return usage_error(fmt::format("task {}: sampling.{} is no number", spec.name, key),
                       fmt::format("it is {}", dump_json(value)), "give a number");
  }
  return value.get<double>();
}

}  // namespace

Request qa_request(const ChatSpec& chat, const PromptParts& parts) {
  Request request;
  const std::string system = join_system(chat.system, parts.description);
  std::string turns;  // exemplars and question as one text
  if (!system.empty()) request.messages.push_back({"system", system});
  for (const Shot& shot : parts.shots) {
    if (parts.multiturn) {
      request.messages.push_back({"user", shot.question});
      request.messages.push_back({"assistant", shot.answer});
    }
    turns += shot.question + " " + shot.answer + "\n\n";
  }
  turns += parts.question;
  request.messages.push_back({"user", parts.multiturn ? parts.question : turns});
  request.plain = system + turns;
  return request;
}

bool thinking_on(const ChatSpec& chat) {
  return chat.apply_template && chat.enable_thinking.value_or(false);
}

std::vector<std::string> StopStrings::all() const {
  std::vector<std::string> out = headings;
  out.insert(out.end(), tokens.begin(), tokens.end());
  return out;
}

std::vector<std::string> cut_afterwards(const StopStrings& stop, const ChatSpec& chat) {
  const bool left = !thinking_on(chat) && heading_stops(chat) == HeadingStops::answer;
  return left ? stop.headings : std::vector<std::string>();
}

Result<Sampling> sampling_of(const TaskContext& context, const StopStrings& stop) {
  const TaskSpec& spec = context.spec;
  if (!spec.max_gen_toks) {
    return usage_error(fmt::format("task {}: max_gen_toks is missing", spec.name),
                       "the task generates text, and its length must be bounded",
                       "add max_gen_toks to the task in the plan");
  }
  Sampling sampling;
  sampling.max_tokens = *spec.max_gen_toks;
  if (!thinking_on(context.chat)) {
    sampling.stop = heading_stops(context.chat) == HeadingStops::answer ? stop.tokens : stop.all();
  }
  if (!spec.sampling.is_object()) return sampling;
  for (const auto& [key, value] : spec.sampling.items()) {
    const double number = TRY(sampling_number(spec, value, key));
    if (key == "temperature") {
      sampling.temperature = number;
    } else if (key == "top_p") {
      sampling.top_p = number;
    } else if (key == "top_k") {
      sampling.top_k = static_cast<int>(number);
    } else if (key == "min_p") {
      sampling.min_p = number;
    } else if (key == "presence_penalty") {
      sampling.presence_penalty = number;
    } else if (key == "frequency_penalty") {
      sampling.frequency_penalty = number;
    } else if (key == "repetition_penalty") {
      sampling.repetition_penalty = number;
    } else if (key == "seed") {
      sampling.seed = static_cast<std::uint64_t>(number);
    } else {
      return usage_error(fmt::format("task {}: unknown sampling key '{}'", spec.name, key),
                         "known are temperature, top_p, top_k, min_p, presence_penalty, "
                         "frequency_penalty, repetition_penalty and seed",
                         "correct the plan");
    }
  }
  return sampling;
}

void set_sampling_seed(Request& request, const DrawSeed& seed, std::string_view item, int repeat,
                       int step) {
  if (request.sampling.temperature <= 0 || request.sampling.seed) return;
  std::string text = fmt::format("{}\n{}\n{}\n{}", seed.plan, item, repeat, step);
  if (seed.engine) text += fmt::format("\nengine {}", *seed.engine);
  const std::string hash = sha256_hex(text);
  // 31 bits, because every engine accepts such a seed.
  request.sampling.seed = std::stoull(hash.substr(0, 8), nullptr, 16) & 0x7fffffffU;
}

}  // namespace assay
