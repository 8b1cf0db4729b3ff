#include "values/looks.h"

namespace assay {

nlohmann::json to_json(const LookSchedule& schedule) {
  nlohmann::json looks = nlohmann::json::array();
  for (const Look& look : schedule.looks) {
    looks.push_back({{"pairs", look.pairs},
                     {"worse_level", look.worse_level},
                     {"non_inferior_level", look.non_inferior_level},
                     {"generation", look.generation}});
  }
  const LookSettings& settings = schedule.settings;
  return {{"alpha", settings.alpha},           {"margin_pp", settings.margin_pp},
          {"reserve", settings.reserve},       {"first_pairs", settings.first_pairs},
          {"target", schedule.target},         {"generation", schedule.generation},
          {"raised", schedule.raised},         {"looks", std::move(looks)},
          {"worse_left", schedule.worse_left}, {"non_inferior_left", schedule.non_inferior_left}};
}

LookSchedule look_schedule_from(const nlohmann::json& value) {
  LookSchedule schedule;
  schedule.settings = {value.at("alpha"), value.at("margin_pp"), value.at("reserve"),
                       value.at("first_pairs")};
  schedule.target = value.at("target");
  schedule.generation = value.at("generation");
  schedule.raised = value.at("raised");
  for (const nlohmann::json& look : value.at("looks")) {
    schedule.looks.push_back({look.at("pairs"), look.at("worse_level"),
                              look.at("non_inferior_level"), look.at("generation")});
  }
  schedule.worse_left = value.at("worse_left");
  schedule.non_inferior_left = value.at("non_inferior_left");
  return schedule;
}

}  // namespace assay
