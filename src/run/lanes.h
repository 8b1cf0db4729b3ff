// What waits to be admitted: a lane a task, each taken from its front only, so that whatever time
// allows is a prefix of every task.
#pragma once

#include <cstddef>
#include <deque>
#include <map>

namespace assay {

struct ResolvedTask;

class Lanes {
 public:
  // `unit`: its number in the order of admission; larger than those pushed for the task before.
  void push(const ResolvedTask* task, std::size_t unit) { lanes_[task].push_back(unit); }
  // Takes the unit from the front of its task's lane, if it is there.
  void pop(const ResolvedTask* task, std::size_t unit) {
    std::deque<std::size_t>& lane = lanes_[task];
    if (!lane.empty() && lane.front() == unit) lane.pop_front();
  }
  // Takes units from the front of every lane for as long as `gone` holds for them.
  template <typename Gone>
  void drop_while(Gone gone) {
    for (auto& [task, lane] : lanes_) {
      while (!lane.empty() && gone(lane.front())) lane.pop_front();
    }
  }
  void clear() { lanes_.clear(); }

  // The first unit of each lane that has one, in the order of admission.
  [[nodiscard]] std::map<std::size_t, const ResolvedTask*> fronts() const {
    std::map<std::size_t, const ResolvedTask*> out;
    for (const auto& [task, units] : lanes_) {
      if (!units.empty()) out.emplace(units.front(), task);
    }
    return out;
  }

 private:
  std::map<const ResolvedTask*, std::deque<std::size_t>> lanes_;
};

}  // namespace assay
