#include "values/score.h"

namespace assay {

using nlohmann::json;

void set_extra(const json& extra, Score& score) {
  score.remarks = extra;
  if (const auto month = extra.find("month"); month != extra.end()) {
    score.month = month->get<std::string>();
    score.remarks.erase("month");
  }
  if (const auto steps = extra.find("substeps"); steps != extra.end()) {
    score.substeps = Substeps{steps->at("passed"), steps->at("total")};
    score.remarks.erase("substeps");
  }
  if (const auto said = extra.find("confidence"); said != extra.end()) {
    score.confidence = Confidence{};
    if (!said->is_null()) score.confidence->stated = said->get<double>();
    score.remarks.erase("confidence");
  }
  if (const auto options = extra.find("options"); options != extra.end()) {
    score.options = options->get<int>();
    score.remarks.erase("options");
  }
}

json extra_json(const Score& score) {
  json out = score.remarks;
  if (score.month) out["month"] = *score.month;
  if (score.substeps) {
    out["substeps"] = {{"passed", score.substeps->passed}, {"total", score.substeps->total}};
  }
  if (score.confidence) {
    const auto& stated = score.confidence->stated;
    out["confidence"] = stated ? json(*stated) : json(nullptr);
  }
  if (score.options) out["options"] = *score.options;
  return out;
}

json to_json(const Score& score) {
  json out = {{"outcome", score.outcome == Outcome::scored ? "scored" : "unscored"},
              {"reason", score.reason},
              {"metrics", score.metrics},
              {"extracted", score.extracted},
              {"extraction", score.extraction},
              {"target", score.target},
              {"detail", score.detail},
              {"truncated", score.truncated},
              {"empty", score.empty},
              {"looping", score.looping},
              {"not_extractable", score.not_extractable},
              {"thinking_not_closed", score.thinking_not_closed},
              {"extra", extra_json(score)}};
  if (score.prompt_cut) out["prompt_cut"] = true;
  if (score.odd_likelihoods) out["odd_likelihoods"] = true;
  return out;
}

Score score_from_json(const json& value) {
  Score score;
  score.outcome = value.at("outcome") == "scored" ? Outcome::scored : Outcome::unscored;
  score.reason = value.at("reason");
  score.metrics = value.at("metrics").get<std::map<std::string, double>>();
  score.extracted = value.at("extracted");
  score.extraction = value.at("extraction");
  score.target = value.at("target");
  score.detail = value.at("detail");
  score.truncated = value.at("truncated");
  score.empty = value.at("empty");
  score.looping = value.at("looping");
  score.not_extractable = value.at("not_extractable");
  score.thinking_not_closed = value.at("thinking_not_closed");
  score.prompt_cut = value.value("prompt_cut", false);
  score.odd_likelihoods = value.value("odd_likelihoods", false);
  set_extra(value.at("extra"), score);
  return score;
}

}  // namespace assay
