// The report's sections, built once from the values: every format prints these.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/table.h"
#include "report/values.h"

namespace assay {

// In the report's order; sections with nothing to say and columns without an entry are left out.
[[nodiscard]] std::vector<Table> sections_of(const RunReport& report);

// "2 × NVIDIA H200": in their order, equal ones together.
[[nodiscard]] std::string counted(const std::vector<std::string>& names);
// "CutlassFP8 W8A8 (64)": with the number of layers, where it is told.
[[nodiscard]] std::string kernels_with_bits(const LoadFacts& facts);
// Tasks down, variants across, a cell a task and variant, then loads and speed: for a terminal.
[[nodiscard]] Table overview(const RunReport& report);

// One section each; empty where nothing was measured.
[[nodiscard]] Table verdict_section(const RunReport& report);  // pooled differences
[[nodiscard]] Table words_section(const RunReport& report);    // the summary, one paragraph
[[nodiscard]] Table score_section(const RunReport& report);
[[nodiscard]] Table difference_section(const RunReport& report);  // by task
[[nodiscard]] Table fidelity_section(const RunReport& report);
[[nodiscard]] Table noise_section(const RunReport& report);
[[nodiscard]] Table flag_section(const RunReport& report);
[[nodiscard]] Table own_figure_section(const RunReport& report);
[[nodiscard]] Table metric_section(const RunReport& report);  // items on which two metrics differ
[[nodiscard]] Table group_section(const RunReport& report);
[[nodiscard]] Table count_section(const RunReport& report);
[[nodiscard]] Table engine_section(const RunReport& report);
[[nodiscard]] Table machine_section(const RunReport& report);  // what ran, on what
[[nodiscard]] Table load_section(const RunReport& report);  // each load, and how busy the GPUs were
[[nodiscard]] Table canary_section(const RunReport& report);
[[nodiscard]] Table traffic_section(const RunReport& report);
[[nodiscard]] Table event_section(const RunReport& report);

// Weighted mean of the first metrics over the items all variants share; none without such items.
[[nodiscard]] std::optional<double> shared_mean(const RunReport& report, std::size_t variant);

// Where the page shows one item, or those of a task that are right in one variant and wrong in
// another.
[[nodiscard]] std::string item_href(const std::string& task, const std::string& item);
[[nodiscard]] std::string items_href(const std::string& task, const std::string& right,
                                     const std::string& wrong);
// The id of a flag's row in the table of flags: its place in RunReport::flags.
[[nodiscard]] std::string flag_row_id(const RunReport& report, const Flag& flag);

// How tasks are weighted in the pooled difference: "by their planned items".
[[nodiscard]] Text weights_text(const RunReport& report);
// A variant's name as tables say it, the baseline marked.
[[nodiscard]] Text name_of(const VariantValues& variant);
// "0.0040 [0.0030, 0.0060]", each times `scale`.
[[nodiscard]] std::string estimate_text(const Estimate& estimate, int digits, double scale = 1);
// Top-1 agreement in percent with one digit, mean KL in nats with four, wherever they stand.
[[nodiscard]] std::string top1_text(const FidelityValues& fidelity);
[[nodiscard]] std::string kl_text(const FidelityValues& fidelity);
// Tokens a second: "200", below 100 with one digit.
[[nodiscard]] std::string rate_text(double per_s);
// Levels of the intervals shown, as tables say them ("90 %"): of the pooled difference, the one
// that decides; of those by task. After looks each candidate's are those of its last one.
[[nodiscard]] Text primary_level(const RunReport& report);
[[nodiscard]] Text task_level(const RunReport& report);
// "2026-01-31 12:00:00 UTC"; "?" for 0.
[[nodiscard]] std::string time_text(double seconds_since_1970);

}  // namespace assay
