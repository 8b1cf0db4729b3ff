#include "score/think.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/ascii.h"
#include "base/text.h"

namespace assay {

namespace {

struct ThoughtFamily {
  std::string_view open;
  std::string_view close;
};

constexpr auto kFamilies = std::to_array<ThoughtFamily>({
    {"<think>", "</think>"},                         // Qwen3, DeepSeek-R1, QwQ, GLM, MiniMax
    {"[THINK]", "[/THINK]"},                         // Magistral
    {"<seed:think>", "</seed:think>"},               // Seed-OSS
    {"<reasoning>", "</reasoning>"},                 // models trained on R1's format by others
    {"<thinking>", "</thinking>"},                   // prompted chains of thought
    {"<thought>", "</thought>"},                     // the same, and EXAONE Deep
    {"<|START_THINKING|>", "<|END_THINKING|>"},      // Command A Reasoning
    {"<|begin_of_thought|>", "<|end_of_thought|>"},  // Sky-T1, OpenThinker
    {"\u25c1think\u25b7", "\u25c1/think\u25b7"},     // Kimi
    {"<|inner_prefix|>", "<|inner_suffix|>"},        // Apertus
    {"<longcat_think>", "</longcat_think>"},         // LongCat
    {"<unused94>", "<unused95>"},                    // MedGemma
    {"[unused16]", "[unused17]"},                    // Pangu
    {"<|thinking|>", "<|/thinking|>"},               // prompted or trained by others:
    {"<thoughts>", "</thoughts>"},
    {"<scratchpad>", "</scratchpad>"},
    {"<inner_monologue>", "</inner_monologue>"},
    {"<cot>", "</cot>"},
    {"<reason>", "</reason>"},
});

// --- gpt-oss

constexpr std::string_view kChannel = "<|channel|>";
constexpr std::string_view kMessage = "<|message|>";
constexpr std::size_t kLongestHeader = 200;  // "commentary to=functions.x <|constrain|>json"

struct Channel {
  std::size_t begin = 0;  // of the marker
  std::string_view name;
  std::size_t text = 0;
};

std::optional<Channel> next_channel(std::string_view output, std::size_t from) {
  for (std::size_t at = output.find(kChannel, from); at != std::string_view::npos;
       at = output.find(kChannel, at + 1)) {
    const std::size_t header = at + kChannel.size();
    const std::size_t message = output.substr(header, kLongestHeader).find(kMessage);
    if (message == std::string_view::npos) continue;
    const std::string_view name = trim(output.substr(header, message));
    return Channel{at, name, header + message + kMessage.size()};
  }
  return std::nullopt;
}

std::size_t channel_end(std::string_view output, std::size_t from) {
  for (std::size_t at = output.find("<|", from); at != std::string_view::npos;
       at = output.find("<|", at + 1)) {
    for (const std::string_view mark : {"<|end|>", "<|return|>", "<|call|>", "<|start|>"}) {
      if (output.substr(at).starts_with(mark)) return at;
    }
    if (output.substr(at).starts_with(kChannel)) return at;
  }
  return output.size();
}

std::optional<Thinking> from_channels(std::string_view output) {
  auto channel = next_channel(output, 0);
  if (!channel) return std::nullopt;
  Thinking result{.answer = "", .present = channel->begin > 0, .closed = false};
  while (channel) {
    const std::size_t end = channel_end(output, channel->text);
    if (channel->name.starts_with("final")) {
      result.answer = std::string(output.substr(channel->text, end - channel->text));
      result.closed = true;
    } else {
      result.present = true;
    }
    channel = next_channel(output, end);
  }
  if (!result.closed) result.present = true;
  return result;
}

// The same where a server leaves special tokens out.
std::optional<Thinking> from_bare_channels(std::string_view output) {
  constexpr std::string_view kFinal = "assistantfinal";
  output = trim(output);
  std::string_view thought;
  for (const std::string_view name : {"analysis", "commentary", "assistantanalysis"}) {
    if (output.starts_with(name)) thought = output.substr(name.size());
  }
  if (thought.empty()) return std::nullopt;
  std::size_t at = thought.find(kFinal);
  if (at == std::string_view::npos) {
    // "analysisWe need", cut; but "analysis of the data" and "analysis: …" are words of an answer.
    const bool cut = !is_lower_letter(thought[0]) && is_letter(thought[0]);
    if (!cut) return std::nullopt;
    return Thinking{.answer = "", .present = true, .closed = false};
  }
  // A second thought may follow the first final message.
  for (std::size_t more = thought.find("assistantanalysis", at); more != std::string_view::npos;
       more = thought.find("assistantanalysis", at)) {
    const std::size_t next = thought.find(kFinal, more);
    if (next == std::string_view::npos) break;
    at = next;
  }
  return Thinking{.answer = std::string(thought.substr(at + kFinal.size())), .present = true};
}

// --- markers around thoughts

// Whether the end of a text stands in a fenced block, told piece by piece.
class FenceState {
 public:
  void feed(std::string_view text) {
    for (const char c : text) {
      if (c == '\n') {
        ticks_ = 0;
        line_ = Line::blank;
      } else if (c == '`') {
        ++ticks_;
        if (line_ == Line::blank && ++fence_ == 3) open_ = !open_;
      } else {
        if (c != ' ') line_ = Line::text;
        fence_ = 0;
      }
      if (c == '\n') fence_ = 0;
    }
  }
  [[nodiscard]] bool fenced() const { return open_; }
  [[nodiscard]] bool in_code() const { return open_ || ticks_ % 2 == 1; }
  [[nodiscard]] bool at_line_start() const { return line_ == Line::blank; }
  void reset() { *this = FenceState(); }

 private:
  enum class Line : std::uint8_t { blank, text };
  Line line_ = Line::blank;
  int ticks_ = 0;  // of this line
  int fence_ = 0;  // ticks in a row that begin this line
  bool open_ = false;
};

bool is_quoted(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin == 0 || end >= text.size()) return false;
  const char before = text[begin - 1];
  return (before == '`' || before == '"' || before == '\'') && text[end] == before;
}

class ThoughtRemover {
 public:
  ThoughtRemover(std::string_view output, std::string_view opened_by) : output_(output) {
    for (std::size_t i = 0; i < kFamilies.size(); ++i) {
      if (!opened_by.empty() && kFamilies[i].open == opened_by) inside_ = &kFamilies[i];
    }
    result_.present = inside_ != nullptr;
  }

  Thinking removed() {
    while (at_ < output_.size()) step();
    result_.closed = inside_ == nullptr;
    return std::move(result_);
  }

 private:
  void step() {
    if (inside_ != nullptr) return leave();
    const std::size_t marker = std::min(output_.find_first_of("<[\xe2", at_), output_.size());
    keep(marker);
    if (marker == output_.size()) return;
    for (std::size_t i = 0; i < kFamilies.size(); ++i) {
      const std::string_view rest = output_.substr(marker);
      if (rest.starts_with(kFamilies[i].open) && opens(marker, i)) {
        inside_ = &kFamilies[i];
        result_.present = true;
        at_ = marker + kFamilies[i].open.size();
        return;
      }
      if (rest.starts_with(kFamilies[i].close) && closes(marker, kFamilies[i])) {
        result_.answer.clear();  // all before it was a thought
        fences_.reset();
        blank_ = true;
        result_.present = true;
        at_ = marker + kFamilies[i].close.size();
        return;
      }
    }
    keep(marker + 1);
  }

  void keep(std::size_t end) {
    const std::string_view text = output_.substr(at_, end - at_);
    result_.answer += text;
    fences_.feed(text);
    blank_ = blank_ && trim(text).empty();
    at_ = end;
  }

  [[nodiscard]] std::size_t find_closing(std::string_view marker) const {
    std::size_t close = output_.find(marker, at_);
    while (close != std::string_view::npos && is_quoted(output_, close, close + marker.size())) {
      close = output_.find(marker, close + 1);
    }
    return close;
  }

  // To behind the closing marker of the thought; where it has none, behind that of a family that
  // models confuse it with ("<think>…</thinking>").
  void leave() {
    std::string_view marker = inside_->close;
    std::size_t close = find_closing(marker);
    if (close == std::string_view::npos && inside_->open.starts_with("<th")) {
      for (const std::string_view other : {"</think>", "</thinking>", "</thought>", "</ think>"}) {
        const std::size_t at = find_closing(other);
        if (at >= close) continue;
        close = at;
        marker = other;
      }
    }
    at_ = close == std::string_view::npos ? output_.size() : close + marker.size();
    if (close != std::string_view::npos) inside_ = nullptr;
  }

  [[nodiscard]] bool opens(std::size_t marker, std::size_t family) {
    if (blank_) return true;  // where an answer has not begun, a thought may
    if (is_quoted(output_, marker, marker + kFamilies[family].open.size())) return false;
    if (fences_.in_code()) return false;
    if (fences_.at_line_start()) return true;
    // Looked for where it is asked for: from the end, a long text takes its time.
    if (!last_close_[family]) last_close_[family] = output_.rfind(kFamilies[family].close);
    const std::size_t close = *last_close_[family];
    return close != std::string_view::npos && close > marker;
  }

  // In a fenced block a closing marker counts where it has its line to itself: thoughts that the
  // prompt opened may hold a fence that they never close.
  [[nodiscard]] bool closes(std::size_t marker, const ThoughtFamily& family) const {
    const std::size_t end = marker + family.close.size();
    if (is_quoted(output_, marker, end)) return false;
    const bool alone = fences_.at_line_start() && (end == output_.size() || output_[end] == '\n');
    return alone || !fences_.in_code();
  }

  std::string_view output_;
  std::array<std::optional<std::size_t>, kFamilies.size()> last_close_{};
  Thinking result_;
  FenceState fences_;
  const ThoughtFamily* inside_ = nullptr;
  std::size_t at_ = 0;
  bool blank_ = true;  // the answer so far
};

}  // namespace

Thinking strip_thinking(std::string_view output, std::string_view opened_by) {
  if (auto channels = from_channels(output)) return *std::move(channels);
  if (auto channels = from_bare_channels(output)) return *std::move(channels);
  return ThoughtRemover(output, opened_by).removed();
}

std::string_view opened_thought(std::string_view prompt) {
  prompt = trim(prompt);
  for (const ThoughtFamily& family : kFamilies) {
    if (prompt.ends_with(family.open)) return family.open;
  }
  return {};
}

}  // namespace assay
