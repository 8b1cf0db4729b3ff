// Values out of the JSON that the store keeps of them (values/request.h, values/score.h).
//
// A report of a million answers reads each of them, and most of its time would go into JSON trees
// that are taken apart at once. So a text whose fields stand as dump_json(to_json(…)) puts them, by
// name and without spaces, is read straight into its value; any other is read as a tree. Both give
// the same value. The first looks at less, that strings are UTF-8 for one: a row's checksum says
// that they are as they were written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "values/load_facts.h"
#include "values/request.h"
#include "values/score.h"

namespace assay {

// Errors: an environment error that names `file`, which holds the text.
[[nodiscard]] Result<Rendered> read_rendered(std::string_view text, const std::string& file);
[[nodiscard]] Result<Response> read_response(std::string_view text, const std::string& file);
[[nodiscard]] Result<Score> read_score(std::string_view text, const std::string& file);
[[nodiscard]] Result<LoadFacts> read_load_facts(std::string_view text, const std::string& file);

// The first way of the two alone; nullopt: it is laid out otherwise, or no such value.
[[nodiscard]] std::optional<Rendered> rendered_as_laid_out(std::string_view text);
[[nodiscard]] std::optional<Response> response_as_laid_out(std::string_view text);
[[nodiscard]] std::optional<Score> score_as_laid_out(std::string_view text);

}  // namespace assay
