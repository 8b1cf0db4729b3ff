#include "base/side_by_side.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <utility>

namespace assay {

Status do_side_by_side(const std::vector<std::function<Status()>>& pieces) {
  std::vector<Status> ended(pieces.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < pieces.size(); i = next++) ended[i] = pieces[i]();
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 1; i < std::min(cores, pieces.size()); ++i) helpers.emplace_back(work);
    work();
  }
  for (Status& status : ended) TRY(std::move(status));
  return {};
}

}  // namespace assay
