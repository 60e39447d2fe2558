#include "base/log.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace callweir::log {
namespace {

std::string read_some(int fd) {
  std::string out(1 << 17, '\0');
  const auto got = ::read(fd, out.data(), out.size());
  out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return out;
}

TEST(log, never_waits_for_a_reader) {
  int words[2], full[2], empty[2];  // a child's stderr; "I have filled it"; "I have read it"
  for (auto* ends : {words, full, empty}) ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);  // its end, should it wait
    ::dup2(words[1], STDERR_FILENO);
    for (int i = 0; i < 5000; ++i) info("test", "line {}", i);
    char go = 0;
    (void)!::write(full[1], &go, 1);
    (void)!::read(empty[0], &go, 1);
    info("test", "room again, {}", std::string(10'000, 'z'));
    ::_exit(0);
  }
  for (const int fd : {words[1], full[1], empty[0]}) ::close(fd);
  char done = 0;
  ASSERT_EQ(::read(full[0], &done, 1), 1) << "it waited";
  const auto first = read_some(words[0]);
  EXPECT_NE(first.find("test: line 0\n"), std::string::npos);
  EXPECT_EQ(first.find("line 4999\n"), std::string::npos) << "the pipe was never full";
  ASSERT_EQ(::write(empty[1], &done, 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  const auto second = read_some(words[0]);
  EXPECT_EQ(second.find("log: "), 0U);
  EXPECT_NE(second.find("lines before this one were lost\n"), std::string::npos);
  EXPECT_NE(second.find("room again"), std::string::npos);
  EXPECT_EQ(second.size(), 4096U);
  EXPECT_EQ(second.back(), '\n');
  for (const int fd : {words[0], full[0], empty[1]}) ::close(fd);
}

}  // namespace
}  // namespace callweir::log
