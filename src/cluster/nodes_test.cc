#include "cluster/nodes.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Nodes, EachTaskIsOneNode) {
  const auto nodes = outputs_from_srun(
      "1: assay-node n2\n"
      "0: assay-node n1\n"
      "0: ok  plan: demo\n"
      "1: MISSING  GPUs\n"
      "0: \n"
      "0: assay-exit 0\n"
      "1: assay-exit 3\n");
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0].node, "n1");
  EXPECT_EQ(nodes[0].text, "ok  plan: demo\n\n");
  EXPECT_EQ(nodes[0].exit_code, 0);
  EXPECT_EQ(nodes[1].node, "n2");
  EXPECT_EQ(nodes[1].text, "MISSING  GPUs\n");
  EXPECT_EQ(nodes[1].exit_code, 3);
}

// With ten tasks and more srun pads the numbers; what is no label is srun's own.
TEST(Nodes, PaddedNumbersAndOtherLines) {
  const auto nodes = outputs_from_srun(
      "srun: job 7 queued and waiting for resources\n"
      " 9: assay-node n9\n"
      " 9: a: b\n"
      " 9: assay-exit 0\n"
      "10: assay-node n10\n"
      "10: assay-exit 0\n");
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0].node, "n9");
  EXPECT_EQ(nodes[0].text, "a: b\n");
  EXPECT_EQ(nodes[1].node, "n10");
  EXPECT_EQ(nodes[1].text, "");
}

// A node that is lost tells no exit code, and that is no success.
TEST(Nodes, ALostNodeHasFailed) {
  const auto nodes = outputs_from_srun("0: assay-node n1\n0: ok\n");
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0].exit_code, 1);
  EXPECT_TRUE(outputs_from_srun("").empty());
}

}  // namespace
}  // namespace assay
