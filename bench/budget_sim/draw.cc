#include "draw.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "random.h"

namespace assay::sim {
namespace {

// How alike two variants' answers to one item are in length: the correlation of their logarithms.
constexpr double kAlike = 0.8;
constexpr int kMostItems = 270;  // of a plan: what the store does costs the simulation real time

struct Lengths {  // lognormal, cut at the task's limit
  double median = 1;
  double sigma = 1;
};

double step_s(const World& world, int in_flight) {
  return world.token_s * (1 + world.crowding * (in_flight - 1));
}

void draw_engine(World& world, Random& random) {
  world.max_in_flight = 1 << random.whole(0, world.tight ? 5 : 2);
  world.token_s = random.log_uniform(0.005, 0.1);
  world.crowding = random.log_uniform(0.01, 0.3);
  world.prompt_token_s = world.token_s * random.log_uniform(0.002, 0.05);
  world.pace_noise = random.uniform(0.01, 0.1);
  world.token_guess_s = world.token_s * random.log_uniform(1, 4);
}

void draw_variants(World& world, double share_s, Random& random) {
  world.variants.resize(static_cast<std::size_t>(random.whole(2, 4)));
  const double load_s = share_s * random.log_uniform(0.03, 0.25);
  world.load_guess_s = load_s * random.log_uniform(0.5, 2);
  for (VariantWorld& variant : world.variants) {
    variant.slowness = random.log_uniform(0.7, 1.4);
    variant.load_s = load_s * std::exp(0.15 * random.normal());
    if (random.chance(0.1)) variant.load_s *= random.uniform(2, 3);  // from a cold disk
    if (random.chance(0.03)) variant.loads_fail_after_s = 0.7 * variant.load_s;
    if (random.chance(0.04)) variant.dies_after_s = share_s * random.uniform(0.05, 0.7);
    while (random.chance(0.1)) {
      variant.stalls.push_back(
          {share_s * random.uniform(0.02, 0.8), share_s * random.uniform(0.01, 0.04)});
    }
    std::ranges::sort(variant.stalls, {}, &Stall::after_s);
  }
  world.variants.front().slowness = 1;
  if (random.chance(0.25)) world.variants.back().slowness = random.uniform(3, 5);
}

// Answers to as many items as the plan has, from a little less than a share has time for to
// more than twice that.
void draw_tasks(World& world, double share_s, Random& random) {
  const double worst_s =
      share_s * (world.tight ? random.uniform(0.2, 0.5) : random.uniform(0.03, 0.05));
  const double longest = worst_s / step_s(world, world.max_in_flight);
  const int tasks = random.whole(1, 3);
  const double wanted = random.log_uniform(0.9, 2.5) / tasks;
  for (int t = 0; t < tasks; ++t) {
    TaskWorld task;
    task.name = "t" + std::to_string(t);
    task.max_gen_toks =
        std::max(8, static_cast<int>(longest * (t == 0 ? 1 : random.log_uniform(0.1, 1))));
    if (t == 1 && random.chance(0.15)) task.grading = Grading::by_baseline;
    const Lengths lengths{task.max_gen_toks * random.log_uniform(world.tight ? 0.1 : 0.2, 0.4),
                          random.uniform(0.4, 1.1)};
    const double mean = std::min(lengths.median * std::exp(lengths.sigma * lengths.sigma / 2),
                                 0.8 * task.max_gen_toks);
    const double mean_s = mean * step_s(world, world.max_in_flight);
    const double capacity = 0.8 * share_s / mean_s * world.max_in_flight;
    const int items = std::clamp(static_cast<int>(wanted * capacity), 4, kMostItems / tasks);
    for (int i = 0; i < items; ++i) task.prompt_tokens.push_back(random.whole(5, 40));
    for (VariantWorld& variant : world.variants) variant.answers.emplace_back();
    for (int i = 0; i < items; ++i) {
      const double of_item = random.normal();
      for (VariantWorld& variant : world.variants) {
        const double z = kAlike * of_item + std::sqrt(1 - kAlike * kAlike) * random.normal();
        const double tokens = std::ceil(lengths.median * std::exp(lengths.sigma * z));
        variant.answers.back().push_back(
            {static_cast<int>(std::clamp(tokens, 1.0, 1.0 * task.max_gen_toks)), z < 0});
      }
    }
    world.tasks.push_back(std::move(task));
  }
}

// Prompts that take from a hundredth to twice the time of the task's longest answer to be read.
void draw_long_prompts(World& world, Random& random) {
  world.chunk_tokens = 1 << random.whole(6, 11);
  for (std::size_t t = 0; t < world.tasks.size(); ++t) {
    TaskWorld& task = world.tasks[t];
    const double share = random.log_uniform(t == 0 ? 0.1 : 0.01, 2);
    const double tokens = share * task.max_gen_toks * world.token_s / world.prompt_token_s;
    const double median = std::clamp(tokens, 5.0, 4000.0);
    for (int& count : task.prompt_tokens) {
      count = std::max(5, static_cast<int>(median * std::exp(0.2 * random.normal())));
    }
  }
}

// A judge behind an endpoint: as quick as the baseline or up to ten times slower; one in ten falls
// silent.
VariantWorld draw_judge(double share_s, Random& random) {
  VariantWorld judge;
  judge.load_s = 0.1;
  judge.slowness = random.log_uniform(0.5, 10);
  if (random.chance(0.1)) judge.stalls.push_back({share_s * random.uniform(0, 0.3), 1e9});
  return judge;
}

// The programs of one task, `item_s` being the engine's time for an item beside others. Wrong
// answers, here the long ones, take up to four times as long, and many run into the limit.
void draw_programs(World& world, std::size_t t, double item_s, double longest_s, Random& random) {
  const double median_s = world.graders * item_s * random.log_uniform(0.1, 3);
  const double sigma = random.uniform(0.2, 1);
  const double wrong = random.uniform(1, 4);
  const double limit_s = std::min(longest_s, median_s * random.log_uniform(3, 20));
  for (VariantWorld& variant : world.variants) {
    for (Answer& answer : variant.answers[t]) {
      const double takes_s =
          median_s * std::exp(sigma * random.normal()) * (answer.short_ ? 1 : wrong);
      answer.grading_s = std::clamp(takes_s, 0.01, std::max(0.01, limit_s));
    }
  }
}

// Of these plans' tasks the first has programs; others have, too, or a judge, or neither.
void draw_slow_grading(World& world, double share_s, Random& random) {
  world.graders = 1 << random.whole(0, 3);
  world.judge = draw_judge(share_s, random);
  for (std::size_t t = 0; t < world.tasks.size(); ++t) {
    TaskWorld& task = world.tasks[t];
    if (t > 0) {
      constexpr std::array kOthers{Grading::at_once, Grading::by_program, Grading::by_baseline,
                                   Grading::by_judge_from_outside};
      task.grading = kOthers[static_cast<std::size_t>(random.whole(0, 3))];
    }
    if (t == 0) task.grading = Grading::by_program;
    if (task.grading != Grading::by_program) continue;
    double tokens = 0;
    for (const Answer& answer : world.variants.front().answers[t]) tokens += answer.tokens;
    const double item_s = tokens / static_cast<double>(task.prompt_tokens.size()) *
                          step_s(world, world.max_in_flight) / world.max_in_flight;
    draw_programs(world, t, item_s, share_s * (world.tight ? 0.25 : 0.03), random);
  }
}

}  // namespace

World draw_world(std::uint64_t seed) {
  Random random(seed);
  World world;
  world.seed = seed;
  world.tight = seed % 2 == 1;
  const double share_s = random.log_uniform(60, 400);
  draw_engine(world, random);
  draw_variants(world, share_s, random);
  world.budget_s = std::ceil(share_s * static_cast<double>(world.variants.size()));
  if (random.chance(0.1)) world.interrupted_at_s = world.budget_s * random.uniform(0.05, 0.9);
  draw_tasks(world, share_s, random);
  if (seed >= kFirstOfSlowGrading) {
    draw_slow_grading(world, share_s, random);
  } else if (seed >= kFirstOfLongPrompts) {
    draw_long_prompts(world, random);
  }
  return world;
}

World draw_decided(std::uint64_t seed, Loss loss) {
  constexpr double kRight = 0.75;  // of the baseline's answers
  constexpr double kFlip = 0.05;   // either way, beside the loss
  World world = draw_world(2 * seed);
  Random random(seed + (static_cast<std::uint64_t>(loss) << 32));
  world.until = Until::decided;
  world.least_items = 4;
  double items = 0;
  for (const TaskWorld& task : world.tasks) items += static_cast<double>(task.prompt_tokens.size());
  // n = f (z(1 - level) + z(power))^2 / margin^2 with f the flips: some 1.3 for a tenth.
  world.margin_pp = std::min(30.0, 100 * std::sqrt(1.3 / (items / 2)));
  const double times = loss == Loss::none ? 0 : loss == Loss::margin ? 1 : 3;
  const double to_wrong = kFlip + times * world.margin_pp / 100;
  for (std::size_t v = 0; v < world.variants.size(); ++v) {
    auto& tasks = world.right.emplace_back();
    for (std::size_t t = 0; t < world.tasks.size(); ++t) {
      auto& right = tasks.emplace_back();
      for (std::size_t i = 0; i < world.tasks[t].prompt_tokens.size(); ++i) {
        const double luck = random.uniform();
        const bool of_baseline = v == 0 ? luck < kRight : world.right[0][t][i];
        if (v == 0) {
          right.push_back(of_baseline);
        } else {  // the shares of all items, so more of those that can flip so
          right.push_back(of_baseline ? luck >= std::min(1.0, to_wrong / kRight)
                                      : luck < kFlip / (1 - kRight));
        }
      }
    }
  }
  return world;
}

}  // namespace assay::sim
