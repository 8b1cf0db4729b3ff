// parse_duration: "3h", "90m", "45s", "1h30m".
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/ascii.h"
#include "base/language.h"
#include "base/text.h"
#include "plan/plan.h"

namespace assay {
namespace {

constexpr double kLongestSeconds = 365.0 * 24 * 3600;

std::unexpected<Error> bad_duration(std::string_view text, Text why) {
  return usage_error(bilingual("'{}' is not a duration", "'{}' 不是时长", text.substr(0, 60)),
                     std::move(why),
                     {"write hours, minutes and seconds without spaces: 3h, 90m, 45s, 1h30m",
                      "时、分、秒连写，不留空格：3h、90m、45s、1h30m"});
}

double seconds_in(char unit) {
  switch (unit) {
    case 'h':
      return 3600;
    case 'm':
      return 60;
    case 's':
      return 1;
    default:
      return 0;
  }
}

}  // namespace

Result<double> parse_duration(std::string_view text) {
  double total_s = 0;
  double last_unit_s = kLongestSeconds;
  const char* at = text.data();
  const char* end = at + text.size();
  if (at == end) return bad_duration(text, {"it is empty", "它是空的"});
  while (at != end) {
    double number = 0;
    const auto [after, error] = std::from_chars(at, end, number, std::chars_format::fixed);
    if (error != std::errc() || *at == '-' || !std::isfinite(number)) {
      return bad_duration(text, bilingual("a number is expected at '{}'", "'{}' 处应是数字",
                                          std::string_view(at, end).substr(0, 30)));
    }
    if (after == end)
      return bad_duration(text, {"the unit is missing: h, m or s", "缺少单位：h、m 或 s"});
    // "min" begins with a unit and is none: what stands before the next number counts.
    const char* const next = std::find_if(after, end, is_digit);
    const double unit_s = next == after + 1 ? seconds_in(*after) : 0;
    if (unit_s == 0) {
      return bad_duration(text, bilingual("'{}' is no unit: the units are h, m and s",
                                          "'{}' 不是单位：单位是 h、m 和 s",
                                          trim(std::string_view(after, next)).substr(0, 30)));
    }
    if (unit_s >= last_unit_s)
      return bad_duration(
          text, {"units go from h to m to s, each once", "单位按 h、m、s 的顺序，各写一次"});
    last_unit_s = unit_s;
    total_s += number * unit_s;
    at = after + 1;
  }
  if (total_s <= 0) return bad_duration(text, {"it must be longer than nothing", "它必须大于零"});
  if (total_s > kLongestSeconds)
    return bad_duration(text, {"it is longer than a year", "它超过一年"});
  return total_s;
}

}  // namespace assay
