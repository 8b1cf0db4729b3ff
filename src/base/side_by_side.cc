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

void for_each_side_by_side(std::size_t count, const std::function<void(std::size_t)>& work) {
  constexpr std::size_t kRange = 4096;
  std::vector<std::function<Status()>> ranges;
  ranges.reserve(count / kRange + 1);
  for (std::size_t begin = 0; begin < count; begin += kRange) {
    ranges.emplace_back([&work, begin, end = std::min(begin + kRange, count)]() -> Status {
      for (std::size_t i = begin; i < end; ++i) work(i);
      return {};
    });
  }
  (void)do_side_by_side(ranges);  // none of them fails
}

}  // namespace assay
