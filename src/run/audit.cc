#include "run/audit.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "run/grader.h"
#include "run/unit.h"

namespace assay {
namespace {

// Passes what the fast path decides on to the library, and answers nothing itself: what the fast
// path leaves open is no part of an audit.
class AuditOracle final : public EquivalenceOracle {
 public:
  explicit AuditOracle(std::unique_ptr<EquivalenceOracle> library) : library_(std::move(library)) {}

  [[nodiscard]] const EquivalenceOracle& library() const { return *library_; }
  void begin(const AnswerId& id) { id_ = id; }
  [[nodiscard]] const AuditReport& report() const { return report_; }
  [[nodiscard]] const std::optional<NoDecision>& lost() const { return lost_; }

  std::expected<bool, NoDecision> equivalent(const std::string&, const std::string&) override {
    return std::unexpected(NoDecision{NoDecision::Kind::undecided, "an audit does not ask it"});
  }
  [[nodiscard]] bool audits() const override { return true; }
  void reached(const std::string& gold, const std::string& output, bool equal) override {
    const auto answer = library_->equivalent(gold, output);
    if (!answer) {
      if (answer.error().kind == NoDecision::Kind::undecided) {
        ++report_.undecided;
      } else {
        lost_ = answer.error();
      }
      return;
    }
    ++report_.asked;
    if (*answer != equal) report_.differences.push_back({id_, gold, equal, *answer});
  }

 private:
  std::unique_ptr<EquivalenceOracle> library_;
  AnswerId id_;
  AuditReport report_;
  std::optional<NoDecision> lost_;  // why it cannot be asked any more
};

struct Candidate {
  std::string order;  // a hash of the answer's name
  AnswerId id;
  std::size_t unit = 0;
};

bool has_library_rules(const ResolvedTask& task) {
  return task.task != nullptr && task.task->asks_oracle && task.spec.harness == Harness::native;
}

// All answers of tasks that are scored with the library, in an order that favours none.
std::vector<Candidate> candidates_of(const ResolvedRun& run, std::vector<Unit>& units) {
  std::vector<Candidate> all;
  for (const auto& [variant, purpose] : passes_of(run)) {
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (!has_library_rules(*units[i].task)) continue;
      units[i].purpose = purpose;
      const AnswerId id = units[i].id(variant);
      const std::string name = id.variant + '\n' + id.task + '\n' + id.item + '\n' +
                               std::to_string(id.repeat) + to_string(id.purpose);
      all.push_back({sha256_hex(name), id, i});
    }
  }
  std::ranges::sort(all, {}, &Candidate::order);
  return all;
}

}  // namespace

Result<AuditReport> audit_math(const ResolvedRun& run, const RunServices& services,
                               std::int64_t wanted) {
  if (std::ranges::none_of(run.tasks, has_library_rules) || !services.make_oracle) {
    return usage_error("there is nothing to audit",
                       "no task of this run is scored with Math-Verify",
                       "--audit is for math500 and gsm8k with assay's own scorer");
  }
  AuditOracle oracle(services.make_oracle());
  if (!oracle.library().imitated()) {
    return environment_error("there is nothing to audit",
                             "the fast path imitates " + reference_text(imitated_reference()) +
                                 "; with another it decides nothing",
                             "install these versions, or score without --audit");
  }
  std::vector<Unit> units = make_units(run);
  for (const Candidate& candidate : candidates_of(run, units)) {
    if (oracle.report().asked + oracle.report().undecided >= wanted) break;
    Unit& unit = units[candidate.unit];
    Item item = unit.item();
    auto steps = TRY(answered_steps(run, services.store, candidate.id, *unit.task, item));
    if (!steps) continue;
    oracle.begin(candidate.id);
    const GradeJob job{candidate.id, unit.task, std::move(item), 0, *std::move(steps), {}};
    static_cast<void>(grade_now(run, job, services.run_program, &oracle));
    const std::optional<NoDecision>& lost = oracle.lost();
    if (!lost) continue;
    if (lost->kind == NoDecision::Kind::interrupted) return std::unexpected(interrupted_error());
    return environment_error("the audit ended early: Math-Verify stopped working", lost->why,
                             "run the same command again");
  }
  return oracle.report();
}

}  // namespace assay
