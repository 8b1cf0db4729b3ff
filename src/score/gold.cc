#include "score/gold.h"

namespace assay {

std::string delimited_gold(std::string_view gold) {
  constexpr std::size_t kNotFound = std::string_view::npos;
  for (std::size_t i = gold.find('$'); i != kNotFound; i = gold.find('$', i + 1)) {
    if (i == 0 || gold[i - 1] != '\\') return std::string(gold);
  }
  if (gold.find("\\boxed") != kNotFound) return std::string(gold);
  std::string delimited(1, '$');
  delimited.append(gold).append(1, '$');
  return delimited;
}

}  // namespace assay
