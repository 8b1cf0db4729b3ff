// The names of figures that several tables show: one name a figure, in every table and format.
#pragma once

#include <fmt/format.h>

#include "report/table.h"

namespace assay::heads {

inline Text task() {
  return {"task", "任务"};
}
inline Text variant() {
  return {"variant", "变体"};
}
// Engine arguments in which variants differ.
inline Text settings() {
  return {"served with", "运行方式"};
}
inline Text items() {
  return {"items", "题数"};
}
inline Text pairs() {
  return {"pairs", "配对题数"};
}
// The level as a share: 0.9 -> "90 %", 0.9875 -> "98.75 %".
inline std::string level_text(double confidence) {
  return fmt::format("{:.4g} %", confidence * 100);
}
inline Text difference(const Text& level) {
  return {"difference [" + level.en + "], points", "差值 [" + level.zh + "]，百分点"};
}
inline Text flips() {
  return {"to wrong / right", "变错 / 变对"};
}
inline Text verdict() {
  return {"verdict", "结论"};
}
inline Text top1_agreement() {
  return {"top-1 agreement [95 %], %", "首选 token 一致率 [95 %]，%"};
}
inline Text mean_kl() {
  return {"mean KL [95 %], nats", "平均 KL [95 %]，nat"};
}
inline Text load() {
  return {"load", "加载"};
}
inline Text tokens_per_s() {
  return {"output tokens/s", "输出 token/秒"};
}

}  // namespace assay::heads
