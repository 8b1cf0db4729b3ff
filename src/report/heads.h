// The names of figures that several tables show: one name a figure, in every table and format.
#pragma once

#include "report/table.h"

namespace assay::heads {

inline Text task() {
  return {"task", "任务"};
}
inline Text variant() {
  return {"variant", "变体"};
}
inline Text items() {
  return {"items", "题数"};
}
inline Text pairs() {
  return {"pairs", "配对题数"};
}
inline Text difference() {
  return {"difference [95 %], points", "差值 [95 %],百分点"};
}
inline Text flips() {
  return {"to wrong / right", "变错 / 变对"};
}
inline Text verdict() {
  return {"verdict", "结论"};
}
inline Text top1_agreement() {
  return {"top-1 agreement [95 %], %", "首选 token 一致率 [95 %],%"};
}
inline Text mean_kl() {
  return {"mean KL [95 %], nats", "平均 KL [95 %],nat"};
}
inline Text load() {
  return {"load", "加载"};
}
inline Text tokens_per_s() {
  return {"output tokens/s", "输出 token/秒"};
}

}  // namespace assay::heads
