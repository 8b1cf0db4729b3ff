// Secrets in a plan are refused: it is copied into the results (docs/secrets.md).
#include <fmt/format.h>

#include <algorithm>

#include "base/secrets.h"
#include "plan/sections.h"

namespace assay {
namespace {

// As yaml_to_json, which says more about it than a search for secrets could.
constexpr int kMostSearched = 20000;
constexpr int kDeepestSearched = 64;

Text why_no_secret() {
  return {"the plan is copied into the results", "计划会复制到结果里"};
}

Text place_of_secrets() {
  return {
      "set it in the environment instead; of an endpoint's key the plan names the variable "
      "(api_key_env, a judge's key_env)",
      "改为设置环境变量；端点的密钥在计划里只写变量名（api_key_env，裁判模型的 key_env）"};
}

// "?key=…" and "&token=…" of an address.
bool has_secret_in_query(std::string_view text) {
  if (text.find("://") == std::string_view::npos) return false;
  for (std::size_t at = text.find_first_of("?&"); at != std::string_view::npos;
       at = text.find_first_of("?&", at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    const std::size_t equals = rest.find_first_of("=&");
    if (equals == std::string_view::npos || rest[equals] != '=') continue;
    if (is_secret_name(rest.substr(0, equals))) return true;
  }
  return false;
}

class Search {
 public:
  explicit Search(const std::string& file) : file_(file) {}

  // `key` is the nearest map's; `env`: the node lies in the plan's env.
  Status look(const YAML::Node& node, const std::string& key, bool env, int depth) {
    if (++nodes_ > kMostSearched || depth > kDeepestSearched) return {};
    if (node.IsScalar()) return look_at_text(node, key);
    if (node.IsSequence()) {
      for (const auto& entry : node) TRY(look(entry, key, env, depth + 1));
    }
    if (!node.IsMap()) return {};
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) continue;
      const std::string& name = entry.first.Scalar();
      if (is_secret_name(name) && (env || is_text(entry.second))) {
        return error_at(
            file_, entry.first.Mark(),
            bilingual("{} does not belong in a plan", "{} 不该写在计划里", name.substr(0, 60)),
            why_no_secret(), place_of_secrets());
      }
      TRY(look_at_text(entry.first, "a key"));
      TRY(look(entry.second, name, env || (depth == 0 && name == "env"), depth + 1));
    }
    return {};
  }

 private:
  // vLLM's `hf_token: true`, a JSON schema's `token: {type: …}` and numbers are no secrets.
  bool is_text(const YAML::Node& node) const {
    if (node.IsSequence()) {
      return std::any_of(node.begin(), node.end(),
                         [this](const auto& n) { return n.IsScalar() && is_text(n); });
    }
    const auto value = node.IsScalar() ? yaml_to_json(file_, node) : nlohmann::json();
    return value && value->is_string() && !value->get_ref<const std::string&>().empty();
  }

  Status look_at_text(const YAML::Node& node, const std::string& key) const {
    const std::string& text = node.Scalar();
    const std::string name = key.substr(0, 60);
    if (find_secret_shape(text)) {
      return error_at(file_, node.Mark(),
                      bilingual("{} holds what looks like a secret", "{} 含有看似密钥的内容", name),
                      why_no_secret(), place_of_secrets());
    }
    // An endpoint's base_url is checked where it is read, and more strictly.
    if (key == "base_url" || (!find_url_user(text) && !has_secret_in_query(text))) return {};
    return error_at(
        file_, node.Mark(),
        bilingual("{} holds an address with a user, password or key in it",
                  "{} 含有带用户名、密码或密钥的地址", name),
        why_no_secret(),
        {"write the address without them, or set the variable in the environment instead",
         "写不含它们的地址，或改为设置环境变量"});
  }

  const std::string& file_;
  int nodes_ = 0;
};

}  // namespace

Status refuse_secrets(const std::string& file, const YAML::Node& root) {
  return Search(file).look(root, "the plan", false, 0);
}

}  // namespace assay
