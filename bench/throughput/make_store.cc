// A store as a run of two variants leaves it, without the run:
//
//     make_store DIR ANSWERS          half of them a variant's
//
// Prompts are some 1,000 characters, answers 32 tokens; every fourth item flips.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/hash.h"
#include "plan/frozen.h"
#include "run/resolve.h"
#include "store/store.h"

namespace assay {
namespace {

constexpr const char* kTask = "mmlu_pro";
constexpr const char* kSubjects[] = {"biology", "law", "math", "physics"};

ResolvedRun run_of(std::size_t items) {
  ResolvedRun run;
  run.plan.name = "made";
  for (const char* name : {"base", "quant"}) {
    VariantSpec spec;
    spec.name = name;
    spec.model = fmt::format("/models/{}", name);
    spec.baseline = run.variants.empty();
    run.plan.variants.push_back(spec);
    run.variants.push_back({spec, spec.model, "", sha256_hex(name)});
  }
  ResolvedTask task;
  task.task = find_task(kTask);
  task.spec.name = task.spec.benchmark = kTask;
  task.spec.max_gen_toks = 32;
  for (std::size_t i = 0; i < items; ++i) {
    task.items.push_back({std::to_string(i),
                          kSubjects[i % 4],
                          kSubjects[i % 4],
                          {{"question", "q"}, {"options", {"a", "b"}}, {"answer", "A"}}});
  }
  run.plan.tasks.push_back(task.spec);
  run.tasks.push_back(std::move(task));
  return run;
}

Response answer_of(std::size_t item) {
  Response response;
  for (int i = 0; i < 31; ++i) response.text += fmt::format("step{} ", i);
  response.text += item % 2 == 0 ? "The answer is (A)." : "The answer is (B).";
  response.unlisted_tokens = 32;
  response.prompt_tokens = 250;
  response.first_token_s = 0.01;
  response.decode_s = 0.3;
  response.in_flight = 16;
  return response;
}

Score score_of(bool right) {
  Score score;
  score.outcome = Outcome::scored;
  score.metrics = {{"robust", right ? 1.0 : 0.0}, {"lm_eval", right ? 1.0 : 0.0}};
  score.extracted = right ? "A" : "B";
  score.extraction = "answer is";
  score.target = "A";
  return score;
}

Status put_answer(Store& store, const std::string& variant, std::size_t item, std::int64_t load) {
  const bool right = item % 2 == 0 || (variant == "quant" && item % 4 == 1);
  const std::string rendered = sha256_hex(fmt::format("prompt {}", item));
  const std::string key = sha256_hex(fmt::format("{} {}", variant, item));
  Rendered prompt;
  prompt.text = fmt::format("{} ", item) + std::string(1000, 'x');
  TRY(store.put_rendered(rendered, prompt));
  TRY(store.put_response(key, answer_of(right ? 0 : 1), load));
  const AnswerId id{variant, kTask, std::to_string(item)};
  TRY(store.put_step({id, 0, key, rendered}));
  return store.put_score({id, score_of(right)});
}

Status make(const std::string& folder, std::size_t answers) {
  const ResolvedRun run = run_of(answers / 2);
  Store store = TRY(Store::open(folder, Store::Mode::write));
  const FrozenPlan frozen = freeze(run);
  TRY(store.set_meta("frozen_hash", frozen_hash(frozen)));
  TRY(store.set_meta("frozen", to_json(frozen).dump()));
  TRY(store.set_meta("end", "complete"));
  TRY(store.put_items(kTask, run.tasks[0].items));
  for (const ResolvedVariant& variant : run.variants) {
    LoadFacts facts;
    facts.worker = "vllm";
    facts.work_s = 1000;
    facts.generated_tokens = static_cast<std::int64_t>(answers / 2) * 32;
    const std::int64_t load = TRY(store.add_load(variant.spec.name, 1.7e9, facts));
    for (std::size_t i = 0; i < answers / 2; ++i) {
      TRY(put_answer(store, variant.spec.name, i, load));
      if (i % 10'000 == 0) TRY(store.flush());
    }
  }
  return store.flush();
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: make_store DIR ANSWERS\n");
    return 2;
  }
  const auto made = assay::make(argv[1], std::strtoull(argv[2], nullptr, 10));
  if (!made) fmt::print(stderr, "{}\n", made.error().to_string());
  return made ? 0 : 1;
}
