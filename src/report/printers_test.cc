#include "report/printers.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "report/sections.h"
#include "report/terminal.h"
#include "report/write.h"

namespace assay {
namespace {

Table made_up() {
  Table table{"made", {"Made up", "编的"}};
  table.head = {{"name", "名称"}, "empty", "n", {"verdict", "结论"}};
  table.rows = {
      {Text("a|b\nc", "甲"), "", number("-1"), badge(Verdict::worse, Text("WORSE", "WORSE 变差"))},
      {"[x]_%&\\", "", number("12"), "=1+1"}};
  return table;
}

TEST(Tables, ColumnsWithoutAnEntryAreLeftOut) {
  const Table table = without_empty_columns(made_up());
  ASSERT_EQ(table.head.size(), 3U);
  EXPECT_EQ(table.head[1].en, "n");
  EXPECT_EQ(table.rows[1][2].text(Language::en), "=1+1");
}

TEST(Printers, Markdown) {
  EXPECT_EQ(markdown_table(without_empty_columns(made_up())),
            "| name | n | verdict |\n| --- | --- | --- |\n"
            "| a\\|b c | -1 | WORSE |\n| [x]_%&\\ | 12 | =1+1 |\n");
  EXPECT_EQ(markdown_table(without_empty_columns(made_up()), Language::zh),
            "| 名称 | n | 结论 |\n| --- | --- | --- |\n"
            "| 甲 | -1 | WORSE 变差 |\n| [x]_%&\\ | 12 | =1+1 |\n");
}

// A row that begins with [ would be the argument of the line end before it.
TEST(Printers, Latex) {
  EXPECT_EQ(latex_table(without_empty_columns(made_up())),
            "\\begin{tabular}{lrl}\nname & n & verdict \\\\\n"
            "a\\textbar{}b c & -1 & WORSE \\\\\n"
            "{}[x]\\_\\%\\&\\textbackslash{} & 12 & =1+1 \\\\\n\\end{tabular}\n");
  EXPECT_EQ(latex_escaped("\\ ~^<>\"$#{}\x01"),
            "\\textbackslash{} \\textasciitilde{}\\textasciicircum{}\\textless{}\\textgreater{}"
            "\\char34{}\\$\\#\\{\\} ");
}

// RFC 4180; a number may begin with a minus, a text that does would be a formula.
TEST(Printers, Csv) {
  EXPECT_EQ(csv_table(made_up()),
            "name,empty,n,verdict\r\n\"a|b\nc\",,-1,\"WORSE\"\r\n"
            "\"[x]_%&\\\",,12,\"'=1+1\"\r\n");
}

TEST(Printers, Terminal) {
  Table table = without_empty_columns(made_up());
  table.rows[0][0] = Text("ab", "甲乙");
  EXPECT_EQ(aligned(table),
            "name     n   verdict\n"
            "ab       -1  WORSE\n"
            "[x]_%&\\  12  =1+1\n");
  // Chinese characters are two wide: 甲乙 and four spaces beside eight letters.
  EXPECT_NE(aligned(table, Language::zh).find("甲乙     -1  WORSE 变差\n"), std::string::npos);
  EXPECT_NE(aligned(table, Language::en, true).find("-1  \033[31mWORSE\033[0m\n"),
            std::string::npos);
}

TEST(Printers, Html) {
  const std::string html = html_section(without_empty_columns(made_up()));
  EXPECT_NE(html.find("<section id=\"made\"><h2><span lang=\"en\">Made up</span>"
                      "<span lang=\"zh\">编的</span></h2>"),
            std::string::npos);
  EXPECT_NE(html.find("<td class=\"number\">-1</td><td><span class=\"badge worse\">"),
            std::string::npos);
  EXPECT_EQ(html_section(Table{"none"}), "");
  EXPECT_EQ(markup_escaped("<a href='\x01\"&\xff"), "&lt;a href=&#39; &quot;&amp;\uFFFD");
}

// What a figure is called and how many digits it has is the same wherever it stands.
TEST(Sections, OneFigureHasOneNameAndOneNumberOfDigits) {
  RunReport report;
  report.variants.resize(2);
  report.variants[0].name = "bf16";
  report.variants[0].baseline = true;
  report.variants[1].name = "fp8";
  report.pooled.resize(2);
  report.fidelity = {std::nullopt, FidelityValues{.items = 10,
                                                  .tokens = 600,
                                                  .kl = {0.02512, 0.02, 0.03},
                                                  .top1_agreement = {0.94, 0.9, 0.97}}};
  for (const std::string& text :
       {markdown_report(report), html_report(report).value(), latex_report(report)}) {
    EXPECT_NE(text.find("top-1 agreement [95"), std::string::npos);
    EXPECT_NE(text.find("94.0 [90.0, 97.0]"), std::string::npos);
    EXPECT_NE(text.find("0.0251 [0.0200, 0.0300]"), std::string::npos);
    for (const char* other : {"0.9400", "first choice", "first word"}) {
      EXPECT_EQ(text.find(other), std::string::npos) << other;
    }
  }
  const std::string chinese = markdown_report(report, Language::zh);
  EXPECT_NE(chinese.find("| 首选 token 一致率 [95 %]，% |"), std::string::npos);
  EXPECT_EQ(chinese.find("top-1"), std::string::npos);
  EXPECT_NE(terminal_table(report, {.language = Language::zh}).find("输出 token/秒"),
            std::string::npos);
}

TEST(Sections, WhatHappenedIsTold) {
  RunReport report;
  EXPECT_TRUE(event_section(report).empty());
  report.events = {{1200, "engine died", "fp8", "SIGKILL"}};
  EXPECT_EQ(markdown_table(event_section(report)),
            "| time | what | variant | why |\n| --- | --- | --- | --- |\n"
            "| 1970-01-01 00:20:00 UTC | engine died | fp8 | SIGKILL |\n");
  EXPECT_EQ(event_section(report).rows[0][1].text(Language::zh), "引擎崩溃");
}

}  // namespace
}  // namespace assay
