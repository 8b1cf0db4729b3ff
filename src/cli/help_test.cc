// What stands on the screen, apart from what the commands compute.
#include <gtest/gtest.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/help_zh.h"
#include "cli/run_cli_test.h"

namespace assay {
namespace {

// Each line of descriptions and footers, of the command and of those below it, that has no
// Chinese. What is indented is typed as it stands.
void collect_untranslated(const CLI::App& command, std::vector<std::string>& out) {
  const auto look_at = [&](const std::string& english) {
    for (const std::string& line : split(english, '\n')) {
      const bool typed = line.empty() || line.starts_with(' ');
      if (!typed && help_in_chinese(line).empty()) out.push_back(line);
    }
  };
  look_at(command.get_description());
  look_at(command.get_footer());
  for (const CLI::Option* option : command.get_options()) look_at(option->get_description());
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    collect_untranslated(*below, out);
  }
}

TEST(Help, EachLineHasChinese) {
  Session session;
  std::vector<std::string> untranslated;
  collect_untranslated(*command_line(session), untranslated);
  for (const std::string& english : untranslated) {
    ADD_FAILURE() << "it needs a line in src/cli/help_zh.cc: " << english;
  }
}

TEST(Help, IsInTheLanguageThatIsAskedFor) {
  const Told chinese = assay({"power", "--lang", "zh", "--help"});
  EXPECT_EQ(chinese.exit_code, 0);
  EXPECT_NE(chinese.out.find("用法"), std::string::npos) << chinese.out;
  EXPECT_NE(chinese.out.find("任务的题数"), std::string::npos) << chinese.out;
  EXPECT_NE(assay({"power", "--help"}).out.find("Items of the task"), std::string::npos);
  EXPECT_NE(assay({"help", "power"}).out.find("Items of the task"), std::string::npos);
}

// Its standard output is no terminal here.
TEST(Help, LangOfTheEnvironmentIsForTerminalsAlone) {
  ::setenv("LANG", "zh_CN.UTF-8", 1);
  ::unsetenv("LC_ALL");
  EXPECT_NE(assay({"power", "--help"}).out.find("Items of the task"), std::string::npos);
  ::setenv("LANG", "C", 1);
}

}  // namespace
}  // namespace assay
