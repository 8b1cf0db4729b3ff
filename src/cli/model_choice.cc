#include "cli/model_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/plan_options.h"
#include "engine/model_folder.h"
#include "plan/sections.h"
#include "plan/suggest.h"

namespace assay {
namespace fs = std::filesystem;

namespace {

bool is_directory_here(const std::string& text) {
  std::error_code code;
  return fs::is_directory(text, code);
}

bool is_hub_id(const std::string& text) {
  const std::vector<std::string> parts = split(text, '/');
  return parts.size() <= 2 && std::ranges::all_of(parts, usable_as_file_name);
}

std::unexpected<Error> no_such_folder(const std::string& model) {
  const fs::path path(model);
  std::vector<std::string> beside;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(path.parent_path(), code)) {
    if (entry.is_directory(code)) beside.push_back(entry.path().filename().string());
  }
  std::ranges::sort(beside);
  const std::string near = nearest(path.filename().string(), beside);
  return usage_error(
      bilingual("there is no model folder {}", "没有模型目录 {}", model),
      model.starts_with('~')
          ? Text("'~' is not replaced here", "这里的 '~' 不会被替换")
          : Text("it is read from this folder on, and is not there", "它从当前目录算起，那里没有"),
      near.empty()
          ? Text("correct the path; a model of the hub is written OWNER/NAME",
                 "改正路径；hub 上的模型写作 OWNER/NAME")
          : bilingual("did you mean {}?", "是不是想写 {}？", (path.parent_path() / near).string()));
}

// The folder whatever it is called, a hub id as it stands.
std::string identity(const std::string& model) {
  std::error_code code;
  return is_directory_here(model) ? fs::canonical(model, code).string() : model;
}

std::string last_part(const std::string& model) {
  std::string text = model;
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  if (is_directory_here(text)) text = identity(text);
  return text.substr(text.rfind('/') + 1);
}

std::string as_name(const std::string& text) {
  std::string out;
  for (const char c : text.substr(0, 90)) {
    out += is_word_char(c) || c == '.' || c == '-' ? c : '_';
  }
  return usable_as_file_name(out) ? out : "_" + out;
}

std::string lower(std::string text) {
  for (char& c : text) c = to_lower(c);
  return text;
}

bool seems_quantised(const std::string& model) {
  if (is_directory_here(model)) return has_quantised_weights(model);
  const std::string name = lower(model);
  return std::ranges::any_of(
      std::initializer_list<const char*>{"fp8", "fp4", "int8", "int4", "w4a16", "w8a8", "w4a4",
                                         "w8a16", "awq", "gptq", "4bit", "8bit"},
      [&](const char* word) { return name.find(word) != std::string::npos; });
}

}  // namespace

Status check_model(const std::string& model) {
  if (model.empty()) {
    return usage_error(
        {"no model is named", "没有给出模型"}, {"the name is empty", "名称是空的"},
        {"write a hub id, OWNER/NAME, or a folder", "写 hub id（OWNER/NAME），或目录"});
  }
  if (is_directory_here(model)) return check_model_folder(model);
  if (!names_a_folder(model) && is_hub_id(model)) return {};
  return no_such_folder(model);
}

Status check_models(const std::vector<std::string>& models, const std::string& baseline) {
  if (models.empty()) {
    return usage_error(
        {"no model is named", "没有给出模型"},
        {"a plan compares models with a baseline", "计划把模型与基线比较"},
        {"add --model MODEL --against BASELINE", "加上 --model MODEL --against BASELINE"});
  }
  if (baseline.empty()) {
    return usage_error(
        {"no baseline is named", "没有给出基线"},
        bilingual("{} is compared with nothing", "{} 没有可比较的对象", models.front()),
        {"add --against BASELINE, the model at its full precision; for pass@1 of one model alone: "
         "assay pass1",
         "加上 --against BASELINE，即全精度的模型；只要单个模型的 pass@1 则用 assay pass1"});
  }
  TRY(check_model(baseline));
  std::set<std::string> seen{identity(baseline)};
  for (const std::string& model : models) {
    TRY(check_model(model));
    if (seen.insert(identity(model)).second) continue;
    const bool is_baseline = identity(model) == identity(baseline);
    return usage_error(
        bilingual("{} is named twice", "{} 写了两次", model),
        is_baseline ? Text("--model and --against are the same model: there is nothing to compare",
                           "--model 与 --against 是同一个模型：没有可比较的")
                    : Text("--model has it twice", "--model 中它出现两次"),
        is_baseline
            ? Text("name another; to compare a model with itself (A/A) write a plan with compare: "
                   "{same_model: true}",
                   "换一个；要让模型与自己比较（A/A），写一份含 compare: {same_model: true} 的计划")
            : Text("leave one of them out", "去掉一个"));
  }
  return {};
}

Result<std::string> model_in_plan(const std::string& model, const fs::path& file) {
  if (!is_directory_here(model)) return model;
  fs::path path = TRY(absolute_path(model)).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "models/fp8/"
  if (fs::path(model).is_absolute()) return path.string();
  const std::string seen =
      path.lexically_relative(TRY(absolute_path(file)).lexically_normal().parent_path()).string();
  return names_a_folder(seen) ? seen : "./" + seen;
}

std::string model_name(const std::string& model) {
  return as_name(last_part(model));
}

std::string variant_name(const std::string& model, const std::string& baseline) {
  const std::string name = last_part(model);
  const std::string base = last_part(baseline);
  const bool goes_on = name.size() > base.size() + 1 && name.starts_with(base) &&
                       (name[base.size()] == '-' || name[base.size()] == '_');
  return as_name(goes_on ? lower(name.substr(base.size() + 1)) : name);
}

Text note_of_sides(const std::vector<std::string>& models, const std::string& baseline) {
  if (!seems_quantised(baseline)) return {};
  for (const std::string& model : models) {
    if (seems_quantised(model)) continue;
    return bilingual(
        "the baseline {} seems to be quantised, and {} does not: --against names the baseline",
        "基线 {} 似乎是量化过的，而 {} 不是：--against 指明的是基线", baseline, model);
  }
  return {};
}

int longest_context(const std::string& model) {
  if (!is_directory_here(model)) return 0;
  const auto text = read_file(fs::path(model) / "config.json");
  if (!text) return 0;
  const auto config = parse_json(*text, "config.json");
  if (!config || !config->is_object()) return 0;
  const auto found = config->find("max_position_embeddings");
  return found != config->end() && found->is_number_integer() ? found->get<int>() : 0;
}

}  // namespace assay
