// assay completion: a script for the shell, made from the commands themselves.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"

namespace assay {
namespace {

std::string options_of(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(sub->get_name());
  }
  return join(words, " ");
}

Result<int> completion(const CLI::App& app, const std::string& shell) {
  if (shell != "bash" && shell != "zsh") {
    return usage_error("no completion for the shell " + shell, "bash and zsh are known",
                       "assay completion bash");
  }
  if (shell == "zsh") fmt::print("autoload -U +X bashcompinit && bashcompinit\n");
  std::vector<std::string> names;
  std::string cases;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(), options_of(*command));
  }
  fmt::print("_assay() {{\n  local words=\"\"\n  case \"${{COMP_WORDS[1]}}\" in\n{}  esac\n",
             cases);
  fmt::print("  [ \"$COMP_CWORD\" -eq 1 ] && words=\"{} --help --version\"\n", join(names, " "));
  fmt::print("  COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n}}\n");
  fmt::print("complete -o default -F _assay assay\n");
  return kExitDone;
}

}  // namespace

void add_completion(CLI::App& app, Session& session) {
  auto shell = std::make_shared<std::string>("bash");
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for the shell.");
  command->add_option("SHELL", *shell, "bash or zsh")->capture_default_str();
  command->footer("Example:\n  source <(assay completion bash)");
  command->callback([shell, &app, &session] { finish(session, completion(app, *shell)); });
}

}  // namespace assay
