// Ingest between an engine that is this test and a store that can refuse.
#include "dashboard/ingest/ingest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "base/clock.hpp"
#include "base/control_socket.hpp"
#include "base/unix_listener.hpp"
#include "dashboard/ingest/control_watch.hpp"
#include "dashboard/ingest/engine_outage.hpp"
#include "dashboard/ingest/pending_batch.hpp"

namespace callweir::dashboard {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr const char* first_life = "0000000000000001";
constexpr const char* second_life = "0000000000000002";

stream::hello hello_of(const std::string& engine, std::uint64_t oldest = 1,
                       std::uint64_t next = 1) {
  stream::hello out;
  out.version = stream::version;
  out.engine = engine;
  out.oldest = oldest;
  out.next = next;
  return out;
}

stream::durable numbered(std::uint64_t number, const std::string& what = "x") {
  return {number, audit_record{{1'000'000'000}, "who", "test", what}};
}

std::vector<std::uint64_t> numbers_of(const std::vector<stream::durable>& records) {
  std::vector<std::uint64_t> out;
  for (const auto& one : records) out.push_back(one.number);
  return out;
}

TEST(pending_batch, takes_each_record_once_and_names_holes) {
  pending_batch batch({first_life, 4});
  batch.begin(hello_of(first_life));
  const time_point now{5'000'000'000};
  EXPECT_FALSE(batch.take(numbered(4), now));
  EXPECT_TRUE(batch.take(numbered(5), now));
  EXPECT_FALSE(batch.take(numbered(5), now));
  EXPECT_TRUE(batch.take(numbered(9), now));
  batch.take(stream::lost{10, 20}, now);
  EXPECT_TRUE(batch.take(numbered(20), now));
  EXPECT_THAT(numbers_of(batch.records()), ElementsAre(5, 8, 9, 19, 20));
  EXPECT_EQ(std::get<gap_record>(batch.records()[1].record).count, 3U);
  EXPECT_EQ(std::get<gap_record>(batch.records()[3].record).count, 10U);
  EXPECT_EQ(batch.lost(), 13U);
  EXPECT_EQ(batch.upto().number, 20U);
  batch.written();
  EXPECT_EQ(batch.committed().number, 20U);
  EXPECT_TRUE(batch.empty());
  batch.begin(hello_of(second_life));
  EXPECT_EQ(batch.upto().number, 0U);
  EXPECT_TRUE(batch.take(numbered(1), now));
}

TEST(engine_outage, is_noted_where_the_engine_does_not_tell_it) {
  const auto second = [](std::int64_t s) { return time_point{s * 1'000'000'000}; };
  engine_outage one;
  one.heard(second(10));
  one.heard(second(30));
  one.other_life();
  stream::durable begins{1, audit_record{second(25), "engine", "engine-start", ""}};
  const auto gap = one.on_record(begins, second(30));
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->from, second(10));
  EXPECT_EQ(gap->to, second(25));
  EXPECT_FALSE(one.on_record(begins, second(31)));

  one.heard(second(40));
  one.other_life();
  gap_record told;
  told.what = "engine";
  EXPECT_FALSE(one.on_record({1, told}, second(41)));

  // It was away for long before the engine was: what it had not fetched is lost, and is no outage.
  one.heard(second(50));
  one.other_life();
  told.from = second(3'600);
  const auto unfetched = one.on_record({1, told}, second(3'602));
  ASSERT_TRUE(unfetched);
  EXPECT_EQ(unfetched->what, "records");
  EXPECT_EQ(unfetched->to, second(3'600));
}

TEST(control_watch, policies_are_one_object) {
  EXPECT_EQ(policies_json(
                {R"({"type":"policies","generation":3})", R"({"name":"a"})", R"({"name":"b"})"}),
            R"({"type":"policies","generation":3,"policies":[{"name":"a"},{"name":"b"}]})");
  EXPECT_EQ(policies_json({R"({"type":"policies"})"}), R"({"type":"policies","policies":[]})");
  EXPECT_EQ(policies_json({}), "");
}

/// Keeps what it is given, unless it is told to refuse.
class refusing_store final : public store {
 public:
  stream_position position() const override { return position_; }
  result<void> write(std::span<const stream::durable> batch, const stream_position& upto) override {
    ++writes;
    if (refuses.load()) return fail("no room");
    const std::lock_guard lock(mutex_);
    for (const auto& one : batch) numbers_.push_back(one.number);
    position_ = upto;
    return {};
  }
  result<void> note(const gap_record& gap) override {
    const std::lock_guard lock(mutex_);
    gaps_.push_back(gap);
    return {};
  }
  result<void> note(const audit_record&) override { return {}; }
  result<bool> tidy(time_point) override { return false; }
  store_health health() const override { return {}; }
  result<void> backup(const std::string&) override { return {}; }
  result<std::unique_ptr<store_reader>> reader() override { return fail("none"); }

  std::vector<std::uint64_t> numbers() const {
    const std::lock_guard lock(mutex_);
    return numbers_;
  }
  std::size_t gaps() const {
    const std::lock_guard lock(mutex_);
    return gaps_.size();
  }
  std::atomic<bool> refuses{false};
  std::atomic<int> writes{0};

 private:
  mutable std::mutex mutex_;
  stream_position position_;
  std::vector<std::uint64_t> numbers_;
  std::vector<gap_record> gaps_;
};

class ingesting : public testing::Test {
 protected:
  ingesting() {
    char name[] = "/tmp/callweir-ingest-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/records.sock";
    auto opened = unix_listener::open(path_, 0600);
    EXPECT_TRUE(opened.has_value());
    listener_.emplace(std::move(*opened));
    ingest_options options;
    options.control_socket = folder_ + "/control.sock";
    options.records_socket = path_;
    options.batch_max = 10;
    options.batch_wait = 20ms;
    ingest_ = ingest::start(options, store_, board_);
  }
  ~ingesting() override {
    ingest_.reset();
    if (fd_ >= 0) ::close(fd_);
    listener_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// The next connection of ingest, greeted; what it resumes with.
  stream::resume meet(const stream::hello& said) {
    if (fd_ >= 0) ::close(fd_);
    pollfd one{listener_->fd(), POLLIN, 0};
    EXPECT_GT(::poll(&one, 1, 5000), 0);
    fd_ = listener_->accept();
    EXPECT_GE(fd_, 0);
    std::string text;
    append_json(text, said);
    send(text);
    control::frame_reader reader(1024);
    std::string body;
    for (int i = 0; i < 50 && !reader.next(body); ++i) {
      pollfd answer{fd_, POLLIN, 0};
      char buffer[1024];
      if (::poll(&answer, 1, 100) <= 0) continue;
      const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n > 0) reader.feed({buffer, static_cast<std::size_t>(n)});
    }
    const auto read = stream::read_resume(body);
    EXPECT_TRUE(read.has_value()) << body;
    return read.value_or(stream::resume{});
  }
  void send(const std::string& body) const {
    std::string frame;
    control::append_frame(frame, body);
    EXPECT_EQ(::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(frame.size()));
  }
  void tell(std::uint64_t from, std::uint64_t to) const {
    for (std::uint64_t n = from; n <= to; ++n) {
      std::string record, frame;
      append_json(record, audit_record{{1'000'000'000}, "who", "test", "x"});
      stream::append_durable(frame, n, record);
      send(frame);
    }
  }
  void live(const call_record& call) const {
    std::string record, frame;
    append_json(record, call);
    stream::append_live(frame, record);
    send(frame);
  }
  template <class Condition>
  static bool soon(Condition&& met) {
    for (int i = 0; i < 500 && !met(); ++i) std::this_thread::sleep_for(10ms);
    return met();
  }

  std::string folder_, path_;
  std::optional<unix_listener> listener_;
  int fd_ = -1;
  refusing_store store_;
  live_board board_;
  std::unique_ptr<ingest> ingest_;
};

TEST_F(ingesting, resumes_where_the_store_stands) {
  const auto first = meet(hello_of(first_life));
  EXPECT_EQ(first.after, 0U);
  tell(1, 25);
  ASSERT_TRUE(soon([&] { return store_.numbers().size() == 25; }));
  EXPECT_TRUE(ingest_->counters().connected);
  EXPECT_EQ(ingest_->engine()->engine, first_life);
  const auto again = meet(hello_of(first_life, 1, 26));
  EXPECT_EQ(again.engine, first_life);
  EXPECT_EQ(again.after, 25U);
  tell(24, 30);
  ASSERT_TRUE(soon([&] { return store_.numbers().size() == 30; }));
  EXPECT_EQ(store_.numbers().back(), 30U);
  const auto other = meet(hello_of(second_life));
  EXPECT_EQ(other.after, 0U);
  tell(1, 3);
  ASSERT_TRUE(soon([&] { return store_.numbers().size() == 33; }));
  EXPECT_EQ(ingest_->counters().connects, 3U);
}

TEST_F(ingesting, keeps_its_batch_while_the_store_refuses_and_reads_no_more) {
  meet(hello_of(first_life));
  store_.refuses = true;
  tell(1, 200);
  ASSERT_TRUE(soon([&] { return store_.writes >= 1; }));
  std::this_thread::sleep_for(300ms);
  EXPECT_LE(ingest_->counters().waiting, 10U);
  store_.refuses = false;
  ASSERT_TRUE(soon([&] { return store_.numbers().size() == 200; }));
  const auto numbers = store_.numbers();
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], i + 1);
}

TEST_F(ingesting, frames_that_are_not_understood_are_counted_and_missed) {
  meet(hello_of(first_life));
  tell(1, 1);
  send(R"({"n":2,"record":{"type":"cow"}})");
  tell(3, 3);
  ASSERT_TRUE(soon([&] { return store_.numbers().size() == 3; }));
  EXPECT_EQ(ingest_->counters().malformed, 1U);
  EXPECT_EQ(ingest_->counters().lost, 1U);
}

TEST_F(ingesting, running_calls_are_on_the_board_until_they_end) {
  meet(hello_of(first_life));
  call_record call;
  call.id = "c1";
  call.ended = false;
  live(call);
  ASSERT_TRUE(soon([&] { return board_.state("call").size() == 1; }));
  call.ended = true;
  live(call);
  ASSERT_TRUE(soon([&] { return board_.state("call").empty(); }));
  EXPECT_EQ(ingest_->counters().live_records, 2U);
  call.ended = false;
  live(call);
  ASSERT_TRUE(soon([&] { return board_.state("call").size() == 1; }));
  meet(hello_of(second_life));
  EXPECT_TRUE(soon([&] { return board_.state("call").empty(); }));
  ASSERT_TRUE(soon([&] { return !board_.state("status").empty(); }));
  EXPECT_EQ(board_.state("status")[0], R"({"type":"status","state":"unreachable"})");
}

TEST_F(ingesting, a_stranger_at_the_socket_is_left) {
  if (fd_ >= 0) ::close(fd_);
  pollfd one{listener_->fd(), POLLIN, 0};
  ASSERT_GT(::poll(&one, 1, 5000), 0);
  fd_ = listener_->accept();
  send(R"({"type":"welcome"})");
  char buffer[16];
  pollfd gone{fd_, POLLIN, 0};
  ASSERT_GT(::poll(&gone, 1, 3000), 0);
  EXPECT_EQ(::recv(fd_, buffer, sizeof buffer, 0), 0);
  EXPECT_FALSE(ingest_->counters().connected);
}

}  // namespace
}  // namespace callweir::dashboard
