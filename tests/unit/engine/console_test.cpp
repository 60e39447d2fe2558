// What the administrator's end of the control socket makes of records.
#include <gtest/gtest.h>

#include "engine/console.hpp"
#include "engine/text_table.hpp"

namespace callweir::engine {
namespace {

TEST(console, a_screen_never_exceeds_the_terminal) {
  const std::string text = "first\n\nthe third is long\nfourth\n";
  EXPECT_EQ(clipped(text, 3, 8), "first\n\nthe thi…\n");
  EXPECT_EQ(clipped(text, 9, 80), text);
  EXPECT_EQ(clipped("a\nb", 2, 1), "a\nb\n");
  EXPECT_EQ(clipped("größer\n", 1, 6), "größer\n");
  EXPECT_EQ(clipped("größer\n", 1, 5), "größ…\n");
  EXPECT_EQ(clipped(text, 0, 0), "");
  EXPECT_EQ(clipped(text, 2, 0), "\n\n");
}

TEST(console, changes_read_as_they_were_written) {
  EXPECT_EQ(
      changes_text({R"({"type":"change","text":"~ \"a\" \\ b"})", R"({"type":"done"})", "nonsense"},
                   "none"),
      "~ \"a\" \\ b\n");
  EXPECT_EQ(changes_text({}, "none"), "none\n");
}

}  // namespace
}  // namespace callweir::engine
