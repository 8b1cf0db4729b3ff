#include "values/score.h"

namespace assay {

using nlohmann::json;

json to_json(const Score& score) {
  return {{"outcome", score.outcome == Outcome::scored ? "scored" : "unscored"},
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
          {"extra", score.extra}};
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
  score.extra = value.at("extra");
  return score;
}

}  // namespace assay
