// The journal against a naive one, and the server before slow, dead and hostile readers.
#include "engine/record_journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rapidcheck.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <thread>

#include "base/control_socket.hpp"
#include "base/unix_listener.hpp"
#include "engine/record_server.hpp"

namespace callweir::engine {
namespace {

using namespace std::chrono_literals;

std::vector<stream::from_engine> frames_of(const std::string& bytes) {
  std::vector<stream::from_engine> out;
  control::frame_reader reader(stream::frame_bytes_max);
  reader.feed(bytes);
  std::string body;
  while (reader.next(body)) {
    auto read = stream::read_from_engine(body);
    EXPECT_TRUE(read.has_value()) << body;
    if (read) out.push_back(std::move(*read));
  }
  EXPECT_EQ(reader.buffered(), 0U);
  return out;
}

audit_record entry(const std::string& what) {
  return {{1'000'000'000}, "somebody", "test", what};
}

/// What the journal promises, in the plainest way.
struct naive_journal {
  std::vector<std::string> all;
  std::size_t records_max, bytes_max;

  std::size_t oldest() const {
    std::size_t bytes = 0, at = all.size();
    while (at > 0 && all.size() - at < records_max) {
      std::string text;
      append_json(text, entry(all[at - 1]));
      bytes += text.size() + record_journal::overhead;
      if (bytes > bytes_max) break;
      --at;
    }
    return at + 1;
  }
};

TEST(record_journal, is_as_a_naive_one) {
  rc::check([] {
    const auto records = *rc::gen::inRange<std::size_t>(1, 8);
    const auto bytes = *rc::gen::inRange<std::size_t>(300, 2'000);
    record_journal journal({records, bytes});
    naive_journal naive{{}, records, bytes};
    const auto sizes =
        *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 150));
    for (const std::size_t size : sizes) {
      naive.all.emplace_back(size, 'x');
      journal.add(entry(naive.all.back()));
      RC_ASSERT(journal.held().oldest == naive.oldest());
      RC_ASSERT(journal.held().next == naive.all.size() + 1);
    }
    const auto from = *rc::gen::inRange<std::uint64_t>(1, sizes.size() + 2);
    std::string out;
    const std::uint64_t next = journal.read(from, 1 << 20, out);
    RC_ASSERT(next == naive.all.size() + 1);
    std::uint64_t at = from;
    for (const auto& frame : frames_of(out)) {
      if (const auto* gone = std::get_if<stream::lost>(&frame)) {
        RC_ASSERT(at == from);
        RC_ASSERT(gone->count == naive.oldest() - from);
        RC_ASSERT(gone->next == naive.oldest());
        at = gone->next;
        continue;
      }
      const auto& one = std::get<stream::durable>(frame);
      RC_ASSERT(one.number == at);
      RC_ASSERT(std::get<audit_record>(one.record).what == naive.all[at - 1]);
      ++at;
    }
    RC_ASSERT(at == next);
  });
}

TEST(record_journal, gives_pieces_and_refuses_what_no_frame_takes) {
  record_journal journal;
  for (int i = 0; i < 100; ++i) journal.add(entry(std::string(1000, 'a')));
  std::string out;
  const auto next = journal.read(1, 10'000, out);
  EXPECT_LT(next, 20U);
  EXPECT_GT(next, 5U);
  journal.add(entry(std::string(stream::frame_bytes_max, 'a')));
  EXPECT_EQ(journal.count().refused, 1U);
  EXPECT_EQ(journal.held().next, 101U);
}

class record_serving : public testing::Test {
 protected:
  record_serving() {
    char name[] = "/tmp/callweir-records-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/records.sock";
    stream::hello said;
    said.engine = "0123456789abcdef";
    said.site = "hq";
    record_server::options options;
    options.path = path_;
    options.resume_patience = 300ms;
    options.read_patience = 600ms;
    options.drain_patience = 300ms;
    auto started = record_server::start(options, journal_, said);
    EXPECT_TRUE(started.has_value());
    server_ = std::move(*started);
  }
  ~record_serving() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// A connection, -1 when it is refused.
  int connect() const { return connect_unix(path_).value_or(-1); }
  static void send_frame(int fd, const std::string& body) {
    std::string frame;
    control::append_frame(frame, body);
    EXPECT_EQ(::send(fd, frame.data(), frame.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(frame.size()));
  }
  static void resume(int fd, const std::string& engine, std::uint64_t after) {
    std::string body;
    append_json(body, stream::resume{stream::version, engine, after});
    send_frame(fd, body);
  }
  /// Reads until `enough` frames have come or nothing does for a second.
  std::vector<stream::from_engine> read_frames(int fd, std::size_t enough) {
    std::vector<stream::from_engine> out;
    auto& reader = begun_.try_emplace(fd, stream::frame_bytes_max).first->second;
    std::vector<char> buffer(65'536);
    while (out.size() < enough) {
      pollfd one{fd, POLLIN, 0};
      if (::poll(&one, 1, 1000) <= 0) break;
      const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (n <= 0) break;
      reader.feed({buffer.data(), static_cast<std::size_t>(n)});
      std::string body;
      while (reader.next(body)) {
        auto read = stream::read_from_engine(body);
        EXPECT_TRUE(read.has_value());
        if (read) out.push_back(std::move(*read));
      }
    }
    return out;
  }
  /// Whether the server closes the connection within two seconds.
  static bool is_closed(int fd) {
    std::vector<char> buffer(65'536);
    const auto until = std::chrono::steady_clock::now() + 2s;
    while (std::chrono::steady_clock::now() < until) {
      pollfd one{fd, POLLIN, 0};
      if (::poll(&one, 1, 100) > 0 && ::recv(fd, buffer.data(), buffer.size(), 0) <= 0) return true;
    }
    return false;
  }
  void await_readers(std::uint64_t count) const {
    for (int i = 0; i < 300 && server_->count().readers != count; ++i)
      std::this_thread::sleep_for(10ms);
    EXPECT_EQ(server_->count().readers, count);
  }

  std::string folder_, path_;
  record_journal journal_{{1'000, 1 << 20}};
  std::unique_ptr<record_server> server_;
  std::map<int, control::frame_reader> begun_;  // what came of the next frame, by connection
};

TEST_F(record_serving, greets_and_goes_on_where_the_reader_was) {
  for (int i = 1; i <= 10; ++i) journal_.add(entry(std::to_string(i)));
  struct stat file {};
  ASSERT_EQ(::stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0660U);
  const int fd = connect();
  const auto greeting = read_frames(fd, 1);
  ASSERT_EQ(greeting.size(), 1U);
  const auto& hello = std::get<stream::hello>(greeting[0]);
  EXPECT_EQ(hello.engine, "0123456789abcdef");
  EXPECT_EQ(hello.version, stream::version);
  EXPECT_EQ(hello.oldest, 1U);
  EXPECT_EQ(hello.next, 11U);
  resume(fd, hello.engine, 7);
  const auto held = read_frames(fd, 3);
  ASSERT_EQ(held.size(), 3U);
  EXPECT_EQ(std::get<stream::durable>(held[0]).number, 8U);
  journal_.add(entry("11"));
  await_readers(1);
  server_->live(entry("now"));
  const auto fresh = read_frames(fd, 2);
  ASSERT_EQ(fresh.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<stream::live>(fresh[0]) ||
              std::holds_alternative<stream::live>(fresh[1]));
  stream::hello changed = hello;
  changed.site = "other";
  server_->set_hello(changed);
  const auto again = read_frames(fd, 1);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(std::get<stream::hello>(again[0]).site, "other");
  ::close(fd);
}

TEST_F(record_serving, another_life_gets_all_and_hears_what_is_gone) {
  for (int i = 0; i < 1'500; ++i) journal_.add(entry("x"));
  const int fd = connect();
  resume(fd, "ffffffffffffffff", 9'999);
  const auto got = read_frames(fd, 1'002);
  ASSERT_EQ(got.size(), 1'002U);
  EXPECT_EQ(std::get<stream::lost>(got[1]).count, 500U);
  EXPECT_EQ(std::get<stream::durable>(got[2]).number, 501U);
  EXPECT_EQ(std::get<stream::durable>(got.back()).number, 1'500U);
  ::close(fd);
}

TEST_F(record_serving, a_reader_from_the_future_waits_for_the_next) {
  journal_.add(entry("1"));
  const int fd = connect();
  resume(fd, "0123456789abcdef", ~0ULL);
  EXPECT_EQ(read_frames(fd, 1).size(), 1U);
  await_readers(1);
  journal_.add(entry("2"));
  const auto got = read_frames(fd, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(std::get<stream::durable>(got[0]).number, 2U);
  ::close(fd);
}

TEST_F(record_serving, hostile_readers_are_let_go) {
  const std::vector<std::string> hostile = {"{}", "[]",
                                            R"({"type":"resume","version":2,)"
                                            R"("engine":"","after":0})"};
  for (const auto& body : hostile) {
    const int fd = connect();
    send_frame(fd, body);
    EXPECT_TRUE(is_closed(fd)) << body;
    ::close(fd);
  }
  const int long_one = connect();
  const std::string junk = "\x7f\xff\xff\xff junk";
  EXPECT_GT(::send(long_one, junk.data(), junk.size(), MSG_NOSIGNAL), 0);
  EXPECT_TRUE(is_closed(long_one));
  ::close(long_one);
  const int twice = connect();
  resume(twice, "", 0);
  resume(twice, "", 0);
  EXPECT_TRUE(is_closed(twice));
  ::close(twice);
  const int silent = connect();
  EXPECT_TRUE(is_closed(silent));
  ::close(silent);
  EXPECT_GE(server_->count().refused, 5U);
}

TEST_F(record_serving, readers_are_bounded) {
  std::vector<int> readers;
  for (std::size_t i = 0; i < stream::readers_max; ++i) {
    readers.push_back(connect());
    resume(readers.back(), "", 0);
  }
  await_readers(stream::readers_max);
  const int one_more = connect();
  EXPECT_TRUE(is_closed(one_more));
  ::close(one_more);
  for (const int fd : readers) ::close(fd);
  await_readers(0);
}

TEST_F(record_serving, one_that_does_not_read_holds_up_nobody) {
  const int stuck = connect(), good = connect();
  resume(stuck, "", 0);
  resume(good, "", 0);
  await_readers(2);
  std::thread writer([&] {
    for (int i = 0; i < 5'000; ++i) {
      journal_.add(entry(std::string(500, 'a')));
      server_->live(entry(std::string(500, 'b')));
      if (i % 50 == 0) std::this_thread::sleep_for(2ms);
    }
  });
  std::uint64_t last = 0;
  for (int rounds = 0; rounds < 300 && last < 5'000; ++rounds) {
    for (const auto& frame : read_frames(good, 100)) {
      if (const auto* one = std::get_if<stream::durable>(&frame)) last = one->number;
    }
  }
  writer.join();
  EXPECT_EQ(last, 5'000U);
  await_readers(1);  // it is let go in the end
  ::close(stuck);
  ::close(good);
}

TEST_F(record_serving, the_last_records_leave_before_the_end) {
  const int fd = connect();
  resume(fd, "", 0);
  await_readers(1);
  for (int i = 0; i < 500; ++i) journal_.add(entry(std::string(1'000, 'a')));
  std::vector<stream::from_engine> got;
  std::thread reader([&] { got = read_frames(fd, 501); });
  server_.reset();
  reader.join();
  EXPECT_EQ(got.size(), 501U);
  EXPECT_FALSE(std::filesystem::exists(path_));
  ::close(fd);
}

}  // namespace
}  // namespace callweir::engine
