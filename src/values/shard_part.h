// Which part of a plan a shard answers for (docs/cluster.md): some of its variants, and of these
// all tasks and repeats or some.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace assay {

struct ShardPart {
  std::vector<std::string> variants;
  std::vector<std::string> tasks;  // of each of these variants; empty: all
  std::vector<int> repeats;        // of each of these tasks, from 0; empty: all

  // Of its variants every task and repeat.
  [[nodiscard]] bool has_whole_variants() const { return tasks.empty() && repeats.empty(); }
  [[nodiscard]] bool has_variant(std::string_view name) const;
  [[nodiscard]] bool has_task(std::string_view name) const;
  [[nodiscard]] bool has_repeat(int repeat) const;

  friend bool operator==(const ShardPart&, const ShardPart&) = default;
};

// "fp8,int4", "fp8:math500,aime24", "fp8#0,1", "fp8:aime24#2": as `--shard` takes it, as a shard's
// store has it, and the name of a sweep's shard.
[[nodiscard]] std::string name_of(const ShardPart& part);

// Its inverse. Usage error: a name is missing, twice there or no name; a repeat is no number.
// Whether the plan has what is named is not looked at here.
[[nodiscard]] Result<ShardPart> shard_part_from(std::string_view text);

}  // namespace assay
