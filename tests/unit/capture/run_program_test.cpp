#include "capture/run_program.hpp"

#include <gtest/gtest.h>

namespace callweir::capture {
namespace {

TEST(run_program, gives_output_and_status) {
  const auto done = run_program({"sh", "-c", "echo out; echo err >&2; exit 3"});
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->status, 3);
  EXPECT_EQ(done->output, "out\nerr\n");
}

TEST(run_program, arguments_are_not_a_shell_s) {
  const auto done = run_program({"echo", "$HOME; `id`"});
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->output, "$HOME; `id`\n");
}

TEST(run_program, ends_what_does_not_end) {
  EXPECT_FALSE(run_program({"sleep", "30"}, std::chrono::milliseconds(50)).has_value());
  EXPECT_FALSE(run_program({"no-such-program-here"}).has_value());
}

TEST(run_program, output_is_bounded) {
  const auto done = run_program({"head", "-c", "1000000", "/dev/zero"});
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->output.size(), 65536U);
}

}  // namespace
}  // namespace callweir::capture
