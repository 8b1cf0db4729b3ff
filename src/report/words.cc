#include "report/words.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace assay {
namespace {

struct Word {
  std::string_view en;
  const char* zh;
};

constexpr std::array kFlags{
    Word{"truncated", "截断"},
    Word{"empty", "空回答"},
    Word{"looping", "循环重复"},
    Word{"not extractable", "找不到答案"},
    Word{"thinking not closed", "思考未结束"},
    Word{"below chance", "低于随机水平"},
    Word{"metrics part", "两种指标不一致"},
    Word{"off its published score", "偏离公布的得分"},
    Word{"unscored", "未评分"},
    Word{"prompt cut by the server", "提示词被服务器截断"},
    Word{"odd log-likelihoods", "对数似然异常"},
    Word{"not reproducible", "不可复现"},
    Word{"noise", "噪声"},
    Word{"no sensitivity", "灵敏度不足"},
    Word{"gain beyond belief", "提升大得不可信"},
    Word{"ended by looks", "由中期检验结束"},
    Word{"extended after results", "看到结果后扩大了样本"},
    Word{"not ended", "尚未结束"},
    Word{"low fidelity", "保真度低"},
    Word{"answers taken over", "沿用了别处的回答"},
    Word{"several loads", "多次加载"},
    Word{"same answers", "回答完全相同"},
    Word{"setting without effect", "设置不起作用"},
    Word{"template or tokenizer differs", "模板或分词器不同"},
    Word{"emulated kernels", "软件模拟的内核"},
    Word{"kernel not as named", "内核与名称不符"},
    Word{"kernel bits unknown", "内核位宽未知"},
    Word{"engine fell back", "引擎改用了其他实现"},
    Word{"not batch invariant", "结果随批次变化"},
    Word{"less memory than planned", "显存少于计划"},
    Word{"started over", "重新抽取过"},
    Word{"failed", "变体失败"},
};

constexpr std::array kReasons{
    Word{"not run", "未运行"},
    Word{"sandbox fault", "沙箱故障"},
    Word{"no judge", "没有裁判模型"},
    Word{"judge gave no verdict", "裁判模型没有给出结论"},
    Word{"equivalence not decided", "未能判定是否等价"},
    Word{"Math-Verify not available", "Math-Verify 不可用"},
    Word{"not scored (budget)", "未评分（预算用完）"},
    Word{"interrupted", "已中断"},
    Word{"prompt does not fit", "提示词太长"},
    Word{"tests not available", "没有测试"},
    Word{"engine error", "引擎错误"},
    Word{"needs an image", "需要图片"},
    Word{"log-likelihoods tell no choice", "对数似然分不出选项"},
    Word{"HF gated", "HF 上需申请权限"},
    Word{"no scores", "没有得分"},
    Word{"no pairs", "没有配对题"},
    Word{"no item scored on both sides", "没有双方都有得分的题"},
    Word{"no item scored on a side", "有一方没有得分的题"},
    Word{"a score outside 0 to 1", "得分不在 0 到 1 之间"},
    Word{"no look yet", "尚未检验"},
    Word{"no look could be taken", "无法进行检验"},
    Word{"not a number", "不是有效数值"},
    Word{"neither samples nor an accuracy with its number of items",
         "既没有样本，也没有带题数的准确率"},
    Word{"no item of both sides", "没有双方共有的题"},
    Word{"no figures", "没有数值"},
};

template <std::size_t N>
const char* found(const std::array<Word, N>& words, std::string_view en) {
  const auto word = std::ranges::find(words, en, &Word::en);
  return word == words.end() ? nullptr : word->zh;
}

}  // namespace

Text flag_words(const std::string& name) {
  const char* zh = found(kFlags, name);
  return zh == nullptr ? Text(name) : Text(name, zh);
}

Text reason_words(const std::string& reason) {
  if (reason.starts_with("N/A (") && reason.ends_with(')')) {
    return {reason, "N/A（" + reason_words(reason.substr(5, reason.size() - 6)).zh + "）"};
  }
  const std::size_t colon = reason.find(": ");
  const std::string head = reason.substr(0, colon);
  const char* zh = found(kReasons, head);
  if (zh == nullptr) zh = found(kFlags, head);
  if (zh == nullptr) return reason;
  const std::string rest = colon == std::string::npos ? "" : "：" + reason.substr(colon + 2);
  return {reason, zh + rest};
}

}  // namespace assay
