#include "base/control_socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

namespace callweir::control {
namespace {

using std::chrono_literals::operator""ms;

class control_socket : public testing::Test {
 protected:
  control_socket() {
    char name[] = "/tmp/callweir-control-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/c.sock";
  }
  ~control_socket() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<server> serve(server::handler handle,
                                std::chrono::milliseconds patience = 5000ms) {
    auto made = server::start({path_, 0660, patience}, std::move(handle));
    EXPECT_TRUE(made.has_value());
    return std::move(*made);
  }
  int raw_connection() const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  std::string folder_, path_;
};

reply echo(std::string_view request, const peer&) {
  return {{std::string(request), "{}"}, {}};
}

TEST(frame_reader, cuts_what_comes_in_pieces) {
  std::string stream;
  append_frame(stream, "{\"a\":1}");
  append_frame(stream, "{}");
  frame_reader reader(100);
  std::vector<std::string> got;
  std::string body;
  for (const char c : stream) {
    reader.feed({&c, 1});
    while (reader.next(body)) got.push_back(body);
  }
  EXPECT_EQ(got, (std::vector<std::string>{"{\"a\":1}", "{}"}));
  EXPECT_EQ(reader.buffered(), 0U);
}

TEST(frame_reader, refuses_lengths_of_zero_and_beyond_the_bound) {
  for (const std::string_view hostile :
       {std::string_view("\0\0\0\0", 4), std::string_view("\xff\xff\xff\xff", 4),
        std::string_view("\0\0\0\x65", 4)}) {
    frame_reader reader(100);
    std::string body;
    reader.feed(hostile);
    EXPECT_FALSE(reader.next(body));
    EXPECT_TRUE(reader.failed());
  }
}

TEST_F(control_socket, answers_request_after_request) {
  const auto running = serve(echo);
  auto asking = client::connect(path_, 2000ms);
  ASSERT_TRUE(asking.has_value());
  for (int i = 0; i < 3; ++i) {
    std::vector<std::string> got;
    const auto end = asking->request("{\"n\":1}", [&](std::string_view r) { got.emplace_back(r); });
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->exit, exit_done);
    EXPECT_EQ(got, (std::vector<std::string>{"{\"n\":1}", "{}"}));
  }
}

TEST_F(control_socket, carries_refusals_and_large_answers) {
  const std::string large(3'000'000, 'x');
  const auto running = serve([&](std::string_view request, const peer& who) {
    EXPECT_EQ(who.uid, ::getuid());
    if (request == "{}") return reply::refused({"no", "here", "do that"}, exit_usage);
    return reply{{large, large}, {}};
  });
  auto asking = client::connect(path_, 2000ms);
  ASSERT_TRUE(asking.has_value());
  const auto refused = asking->request("{}", [](std::string_view) { FAIL(); });
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->exit, exit_usage);
  EXPECT_EQ(refused->problem.text(), "here: no; do that");
  std::size_t bytes = 0;
  ASSERT_TRUE(asking->request("{\"all\":1}", [&](std::string_view r) { bytes += r.size(); }));
  EXPECT_EQ(bytes, 2 * large.size());
}

TEST_F(control_socket, file_is_for_owner_and_group_and_goes_with_the_server) {
  auto running = serve(echo);
  struct stat file {};
  ASSERT_EQ(::stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0660U);  // whatever the umask
  EXPECT_FALSE(server::start({path_, 0660, 1000ms}, echo).has_value());
  running.reset();
  EXPECT_NE(::stat(path_.c_str(), &file), 0);
  EXPECT_FALSE(client::connect(path_, 100ms).has_value());
}

TEST_F(control_socket, replaces_a_socket_that_nobody_serves) {
  const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  ASSERT_EQ(::bind(stale, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(stale);
  const auto running = serve(echo);
  EXPECT_TRUE(client::connect(path_, 1000ms).has_value());
}

TEST_F(control_socket, survives_floods_of_clients_and_garbage) {
  const auto running = serve(echo);
  std::vector<int> open;
  for (std::size_t i = 0; i < 2 * clients_max; ++i) open.push_back(raw_connection());
  for (const int fd : open) (void)!::send(fd, "\xff\xff\xff\xffgarbage", 11, MSG_NOSIGNAL);
  auto asking = client::connect(path_, 2000ms);
  ASSERT_TRUE(asking.has_value());
  EXPECT_TRUE(asking->request("{}", [](std::string_view) {}).has_value());
  for (const int fd : open) ::close(fd);
}

TEST_F(control_socket, bounds_what_waits_to_be_read) {
  const std::string large(12U << 20, 'x');
  const auto running = serve([&](std::string_view, const peer&) {
    return reply{{large, large}, {}};
  });
  std::vector<int> lazy;
  const std::string request("\0\0\0\2{}", 6);
  for (std::size_t i = 0; i <= unread_bytes_max / (2 * large.size()); ++i) {
    lazy.push_back(raw_connection());
    ASSERT_EQ(::send(lazy.back(), request.data(), request.size(), MSG_NOSIGNAL), 6);
    char first;  // the answer is there
    ASSERT_EQ(::recv(lazy.back(), &first, 1, MSG_PEEK), 1);
  }
  auto asking = client::connect(path_, 5000ms);
  ASSERT_TRUE(asking.has_value());
  const auto refused = asking->request("{}", [](std::string_view) { FAIL(); });
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->exit, exit_failed);
  EXPECT_NE(refused->problem.what.find("wait to be read"), std::string::npos);
  for (const int fd : lazy) ::close(fd);
  bool answered = false;
  for (int i = 0; i < 50 && !answered; ++i) {
    const auto end = asking->request("{}", [](std::string_view) {});
    answered = end.has_value() && end->exit == exit_done;
  }
  EXPECT_TRUE(answered);
}

TEST_F(control_socket, drops_a_client_that_is_silent) {
  const auto running = serve(echo, 100ms);
  const int fd = raw_connection();
  char byte;
  EXPECT_EQ(::recv(fd, &byte, 1, 0), 0);  // closed by the server within its 1 s round
  ::close(fd);
}

}  // namespace
}  // namespace callweir::control
