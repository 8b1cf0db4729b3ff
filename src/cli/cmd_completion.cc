// assay completion: a script for the shell, which asks the program what may follow.
#include <string_view>

#include "cli/command.h"
#include "plan/suggest.h"

namespace assay {
namespace {

// The program that is typed is the one that is asked.
constexpr std::string_view kBash = R"sh(_assay() {
  local IFS=$'\n'
  COMPREPLY=($("${COMP_WORDS[0]/#\~\//$HOME/}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _assay assay
)sh";

constexpr std::string_view kZsh = R"sh(#compdef assay
(( $+functions[compdef] )) || { autoload -U compinit && compinit }
_assay() {
  local -a found
  found=("${(@f)$("${words[1]/#\~\//$HOME/}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(${found:#})
  if (( ${#found} )); then
    compadd -S '' -- ${(M)found:#*/}
    compadd -- ${found:#*/}
  else
    _files
  fi
}
compdef _assay assay
)sh";

constexpr std::string_view kFish = R"sh(function __assay_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    $program __complete $words[2..-1] "$current" 2>/dev/null
end
complete -c assay -f -a '(__assay_complete)'
)sh";

Result<int> completion(const std::string& shell) {
  if (shell == "bash") {
    print_out(kBash);
  } else if (shell == "zsh") {
    print_out(kZsh);
  } else if (shell == "fish") {
    print_out(kFish);
  } else {
    const std::string near = nearest(shell, {"bash", "zsh", "fish"});
    return usage_error(bilingual("there is no completion for the shell '{}'",
                                 "没有 shell '{}' 的补全", shell.substr(0, 60)),
                       {"bash, zsh and fish are known", "支持 bash、zsh 和 fish"},
                       bilingual("write assay completion {}", "写 assay completion {}",
                                 near.empty() ? "bash" : near));
  }
  return kExitDone;
}

}  // namespace

void add_completion(CLI::App& app, Session& session) {
  auto shell = std::make_shared<std::string>("bash");
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for the shell.");
  command->add_option("SHELL", *shell, "bash, zsh or fish")->capture_default_str();
  command->footer(
      "Completes commands, options, plans, run folders, tasks and a plan's variants.\n\n"
      "Examples:\n  source <(assay completion bash)\n"
      "  source <(assay completion zsh)\n"
      "  assay completion fish > ~/.config/fish/completions/assay.fish");
  command->callback([shell, &session] { finish(session, completion(*shell)); });
}

}  // namespace assay
