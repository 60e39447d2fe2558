// The server on loopback, with and without TLS, against polite and other clients.
#include "dashboard/http/server.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "dashboard/http/answering_pool.hpp"
#include "dashboard/http/event_stream.hpp"
#include "tests/unit/dashboard/http_client.hpp"

namespace callweir::dashboard::http {
namespace {

using test::http_client;
using namespace std::chrono_literals;

/// Of the streams at /some-events.
const auto some_ended = std::make_shared<std::atomic<bool>>(false);

/// Requests to /hold are answered once it is false.
std::atomic<bool> held{false};
/// Of the lane.
std::atomic<int> heavy_done{0};

response echo(const request& asked) {
  response out;
  if (asked.path == "/some-events") {
    out.hidden_topic = "audit";
    out.ended = some_ended;
  }
  if (asked.path == "/events" || asked.path == "/some-events") {
    out.event_stream = true;
    out.events_after = last_event_id(asked);
    out.first_events = "retry: 500\n\n";
    return out;
  }
  if (asked.path == "/slow") std::this_thread::sleep_for(200ms);
  if (asked.path == "/hold") {
    for (int i = 0; i < 200 && held; ++i) std::this_thread::sleep_for(10ms);
  }
  if (asked.path == "/heavy" || asked.path == "/urgent") {
    out.urgent = asked.path == "/urgent";
    out.later = [path = asked.path] {
      for (int i = 0; i < 2'000 && held; ++i) std::this_thread::sleep_for(10ms);
      response done;
      done.body = path + std::to_string(heavy_done++);
      return done;
    };
  }
  if (asked.path == "/throw") throw std::runtime_error("a library's");
  if (asked.path == "/forged") out.headers.emplace_back("X-A", "b\r\nSet-Cookie: evil");
  if (asked.path == "/big") out.body.assign(3'000'000, 'x');
  if (asked.path == "/huge") out.body.assign(12'000'000, 'x');
  if (asked.path == "/nothing") out.status = 204;
  if (out.body.empty()) out.body = asked.path + '|' + asked.body;
  out.headers.emplace_back("X-Peer", asked.peer + (asked.secure ? " secure" : ""));
  return out;
}

class http_server : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("callweir-http-" + std::to_string(::getpid()) + '-' +
               testing::UnitTest::GetInstance()->current_test_info()->name()[0]);
    std::filesystem::create_directory(folder_);
    options_.port = 0;
    if (GetParam()) {
      options_.certificate = folder_ / "cert.pem";
      options_.key = folder_ / "key.pem";
      ASSERT_TRUE(ensure_certificate(options_.certificate, options_.key));
    }
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }
  void start() {
    auto started = server::start(options_, echo, board_);
    ASSERT_TRUE(started) << started.error().text();
    server_ = std::move(*started);
  }
  http_client connect(const char* from = nullptr) {
    return http_client(server_->port(), GetParam(), from);
  }
  /// Waits for the loop to have seen something.
  bool soon(const std::function<bool(const server_counters&)>& holds) const {
    for (int i = 0; i < 200; ++i) {
      if (holds(server_->counters())) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  std::filesystem::path folder_;
  server_options options_;
  live_board board_;
  std::unique_ptr<server> server_;
};

INSTANTIATE_TEST_SUITE_P(both, http_server, testing::Bool(),
                         [](const auto& of) { return of.param ? "tls" : "plain"; });

TEST_P(http_server, answers_one_request_after_the_other) {
  start();
  http_client client = connect();
  const auto first = client.ask("POST", "/a", "Content-Length: 2\r\n", "hi");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "/a|hi");
  EXPECT_TRUE(first.has("Connection: keep-alive"));
  EXPECT_TRUE(first.has(GetParam() ? "X-Peer: 127.0.0.1 secure" : "X-Peer: 127.0.0.1\r\n"));
  const auto head = client.ask("HEAD", "/abc");
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has("Content-Length: 5\r\n"));
  EXPECT_EQ(client.ask("GET", "/nothing").status, 204);
  EXPECT_EQ(client.ask("GET", "/throw").status, 500);
  const auto forged = client.ask("GET", "/forged");
  EXPECT_EQ(forged.status, 500);
  EXPECT_FALSE(forged.has("evil"));
  EXPECT_EQ(client.ask("GET", "/big").body.size(), 3'000'000U);
  const auto chunked =
      client.ask("POST", "/c", "Transfer-Encoding: chunked\r\n", "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.body, "/c|abc");
  const auto last = client.ask("GET", "/z", "Connection: close\r\n");
  EXPECT_TRUE(last.has("Connection: close"));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(server_->counters().requests, 8U);
}

TEST_P(http_server, puts_the_security_headers_on_every_answer) {
  start();
  http_client client = connect();
  for (const char* text :
       {"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n", "BREW /a HTTP/1.1\r\n\r\n"}) {
    client.send(text);
    const auto got = client.answer();
    EXPECT_TRUE(got.has("Content-Security-Policy: default-src 'none'; script-src 'self'; "));
    EXPECT_TRUE(got.has("frame-ancestors 'none'"));
    EXPECT_TRUE(got.has("X-Content-Type-Options: nosniff"));
    EXPECT_TRUE(got.has("Referrer-Policy: no-referrer"));
    EXPECT_TRUE(got.has("Cache-Control: no-store"));
    EXPECT_EQ(got.has("Strict-Transport-Security: "), GetParam());
    EXPECT_FALSE(got.has("Server:"));
  }
}

TEST_P(http_server, answers_pipelined_requests_in_order) {
  start();
  http_client client = connect();
  std::string all;
  for (int i = 0; i < 200; ++i) {
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(client.answer().body, "/" + std::to_string(i) + "|");
}

TEST_P(http_server, refuses_and_closes_what_is_malformed) {
  start();
  const auto refused = [&](const std::string& bytes) {
    http_client client = connect();
    client.send(bytes);
    const auto got = client.answer();
    EXPECT_TRUE(got.has("Connection: close"));
    EXPECT_NE(got.body.find("\"error\":{\"status\":" + std::to_string(got.status)),
              std::string::npos);
    EXPECT_TRUE(client.ended());
    return got.status;
  };
  EXPECT_EQ(refused("nonsense\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(60'000, 'a')), 431);
  EXPECT_EQ(refused("GET /" + std::string(60'000, 'a')), 414);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n" +
                    std::string(100'000, 'a')),
            413);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n"),
            400);
  EXPECT_TRUE(soon([](const auto& now) { return now.malformed == 5 && now.open == 0; }));
  EXPECT_EQ(server_->counters().requests, 0U);
}

TEST_P(http_server, asks_for_the_body_when_the_client_waits_for_that) {
  start();
  http_client client = connect();
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_EQ(client.answer().body, "/x|abc");
}

TEST_P(http_server, ends_whom_it_waits_for_too_long) {
  options_.header_patience = 300ms;
  options_.idle_patience = 600ms;
  start();
  http_client slow = connect();
  http_client slow_body = connect();
  http_client idle = connect();
  slow.send("GET / HTTP/1.1\r\nHo");
  slow_body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nab");
  EXPECT_EQ(slow.answer().status, 408);
  EXPECT_EQ(slow_body.answer().status, 408);
  EXPECT_TRUE(idle.ended());
  const http_client no_handshake(server_->port(), false);
  EXPECT_TRUE(soon([](const auto& now) { return now.open == 0; }));
  EXPECT_EQ(server_->counters().timed_out, GetParam() ? 3U : 2U);
}

TEST_P(http_server, ends_whoever_does_not_take_the_answer) {
  options_.header_patience = 300ms;
  start();
  http_client stuck(server_->port(), GetParam(), nullptr, 4'096);
  for (int i = 0; i < 4; ++i) stuck.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(soon([](const auto& now) { return now.requests >= 1; }));
  EXPECT_TRUE(soon([](const auto& now) { return now.timed_out == 1 && now.open == 0; }));
}

TEST_P(http_server, answers_a_client_that_has_ended_its_half) {
  start();
  http_client client = connect();
  client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  client.end_sending();
  EXPECT_EQ(client.answer().body, "/slow|");
  EXPECT_TRUE(client.ended());
  http_client half = connect();
  half.send("GET /half HTTP/1.1\r\nHo");
  half.end_sending();
  EXPECT_EQ(half.answer().status, 0);
}

TEST_P(http_server, serves_others_when_one_address_has_its_share) {
  options_.connections_of_one_address_max = 3;
  options_.connections_max = 5;
  start();
  std::vector<std::unique_ptr<http_client>> busy;
  held = true;
  for (const char* from : {"127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.3"}) {
    busy.push_back(std::make_unique<http_client>(server_->port(), GetParam(), from));
    // Not dispensable: the request is whole, the answer is being made.
    busy.back()->send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  ASSERT_TRUE(soon([](const auto& now) { return now.requests == 5; }));
  http_client refused = connect();
  EXPECT_EQ(refused.ask("GET", "/").status, 0);
  EXPECT_EQ(server_->counters().refused, 1U);
  held = false;
  busy.pop_back();
  EXPECT_TRUE(soon([](const auto& now) { return now.open == 4; }));
  EXPECT_EQ(connect().ask("GET", "/").status, 200);
}

TEST_P(http_server, puts_out_the_slowest_for_a_new_one) {
  options_.connections_max = 2;
  start();
  http_client first = connect();
  first.send("GET / HT");
  std::this_thread::sleep_for(100ms);
  http_client second = connect();
  EXPECT_EQ(second.ask("GET", "/").status, 200);
  std::this_thread::sleep_for(1'100ms);
  EXPECT_EQ(connect().ask("GET", "/new").status, 200);
  EXPECT_TRUE(first.ended());
  EXPECT_EQ(second.ask("GET", "/").status, 200);
  EXPECT_EQ(server_->counters().evicted, 1U);
}

TEST_P(http_server, puts_out_a_slow_body_for_a_new_client) {
  options_.connections_max = 2;
  start();
  std::vector<std::unique_ptr<http_client>> slow;
  for (int i = 0; i < 2; ++i) {
    slow.push_back(std::make_unique<http_client>(server_->port(), GetParam(), "127.0.0.2"));
    slow.back()->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
    std::this_thread::sleep_for(50ms);
  }
  ASSERT_TRUE(soon([](const auto& now) { return now.open == 2; }));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(connect().ask("GET", "/new").status, 200);
  EXPECT_TRUE(slow.front()->ended());
  EXPECT_EQ(server_->counters().evicted, 1U);
}

TEST_P(http_server, bounds_what_waits_for_readers_in_sum) {
  options_.unread_bytes_max = 20'000'000;
  start();
  http_client first(server_->port(), GetParam(), nullptr, 4'096);
  first.send("GET /huge HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(soon([](const auto& now) { return now.requests == 1; }));
  std::this_thread::sleep_for(50ms);
  http_client second(server_->port(), GetParam(), nullptr, 4'096);
  second.send("GET /huge HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(soon([](const auto& now) { return now.answers_dropped == 1 && now.open == 1; }));
  EXPECT_EQ(connect().ask("GET", "/big").body.size(), 3'000'000U);
  EXPECT_EQ(second.answer().body.size(), 12'000'000U);
  EXPECT_EQ(server_->counters().answers_dropped, 1U);
}

TEST_P(http_server, lets_nobody_keep_others_out_by_numbers) {
  options_.connections_max = 8;
  start();
  std::vector<std::unique_ptr<http_client>> many;
  for (int i = 0; i < 12; ++i) {
    many.push_back(std::make_unique<http_client>(server_->port(), false, "127.0.0.2"));
  }
  ASSERT_TRUE(soon([](const auto& now) { return now.open == 8 && now.refused == 4; }));
  EXPECT_EQ(connect().ask("GET", "/").status, 200);
  EXPECT_EQ(server_->counters().evicted, 1U);
}

TEST_P(http_server, says_503_when_too_many_wait) {
  options_.answering_threads = 1;
  options_.requests_waiting_max = 1;
  start();
  std::vector<std::unique_ptr<http_client>> clients;
  int answered = 0, busy = 0;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<http_client>(server_->port(), GetParam()));
    clients.back()->send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  for (auto& one : clients) {
    const auto got = one->answer();
    answered += got.status == 200;
    busy += got.status == 503 && got.has("Retry-After: 1");
  }
  EXPECT_EQ(answered + busy, 5);
  EXPECT_GE(busy, 2);
  EXPECT_EQ(server_->counters().overloaded, static_cast<std::uint64_t>(busy));
}

TEST_P(http_server, heavy_work_keeps_no_question_waiting) {
  options_.answering_threads = 1;
  start();
  held = true;
  heavy_done = 0;
  std::vector<std::unique_ptr<http_client>> heavy;
  const auto send = [&](const char* path) {
    heavy.push_back(std::make_unique<http_client>(server_->port(), GetParam()));
    heavy.back()->send(std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    std::this_thread::sleep_for(20ms);
  };
  for (std::size_t i = 0; i < 1 + lane_waiting_max; ++i) send("/heavy");
  send("/urgent");
  http_client other = connect();
  EXPECT_EQ(other.ask("GET", "/").status, 200);
  const auto refused = other.ask("GET", "/heavy");
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.has("Retry-After: 1"));
  held = false;
  EXPECT_EQ(heavy.front()->answer().body, "/heavy0");
  EXPECT_EQ(heavy.back()->answer().body, "/urgent1");
  for (std::size_t i = 1; i + 1 < heavy.size(); ++i) {
    EXPECT_EQ(heavy[i]->answer().body, "/heavy" + std::to_string(i + 1));
  }
  EXPECT_EQ(heavy_done, 10);
}

TEST_P(http_server, streams_events_from_where_the_client_was) {
  start();
  board_.tell("call", "{\"n\":1}");
  board_.tell("call", "{\"n\":2}");
  http_client client = connect();
  client.send("GET /events HTTP/1.1\r\nHost: h\r\nLast-Event-ID: 1\r\n\r\n");
  const auto head = client.answer();
  EXPECT_TRUE(head.has("Content-Type: text/event-stream"));
  EXPECT_TRUE(head.has("X-Content-Type-Options: nosniff"));
  EXPECT_EQ(client.until("\n\n"), "retry: 500\n\n");
  EXPECT_EQ(client.until("\n\n"), "id: 2\nevent: call\ndata: {\"n\":2}\n\n");
  board_.tell("status", "a\nb");
  EXPECT_EQ(client.until("\n\n"), "id: 3\nevent: status\ndata: a\ndata: b\n\n");
  for (int i = 0; i < 1'000; ++i) board_.tell("second", std::to_string(i));
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_EQ(client.until("\n\n"), "id: " + std::to_string(i + 4) +
                                        "\nevent: second\ndata: " + std::to_string(i) + "\n\n");
  }
  EXPECT_EQ(server_->counters().event_streams, 1U);
  EXPECT_EQ(connect().ask("HEAD", "/events").status, 200);
  http_client stranger = connect();
  stranger.send("GET /events HTTP/1.1\r\nHost: h\r\nLast-Event-ID: 99999\r\n\r\n");
  EXPECT_NE(stranger.until("event: missed\ndata: {}\n\n"), "");
  client.end_sending();
  EXPECT_TRUE(soon([](const auto& now) { return now.event_streams == 1; }));
}

TEST_P(http_server, drops_a_stream_that_nobody_reads) {
  options_.stream_patience = 300ms;
  start();
  http_client stuck(server_->port(), GetParam(), nullptr, 4'096);
  stuck.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  http_client reader = connect();
  reader.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(soon([](const auto& now) { return now.event_streams == 2; }));
  const std::string kilobyte(1'000, 'x');
  for (int i = 0; i < 100 && server_->counters().event_streams == 2; ++i) {
    for (int j = 0; j < 20; ++j) board_.tell("second", kilobyte);
    ASSERT_NE(reader.until("id: " + std::to_string(i * 20 + 20) + '\n'), "");
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_TRUE(soon([](const auto& now) { return now.streams_dropped == 1; }));
  board_.tell("status", "the other one goes on");
  EXPECT_NE(reader.until("event: status\ndata: the other one goes on\n"), "");
  EXPECT_EQ(server_->counters().event_streams, 1U);
}

TEST_P(http_server, ends_a_stream_whose_right_has_ended_and_hides_what_is_not_for_it) {
  start();
  http_client one = connect();
  one.send("GET /some-events HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(soon([](const auto& now) { return now.event_streams == 1; }));
  board_.tell("audit", "not for you");
  board_.tell("status", "for you");
  const std::string heard = one.until("data: for you\n");
  EXPECT_NE(heard, "");
  EXPECT_EQ(heard.find("not for you"), std::string::npos);
  some_ended->store(true);
  board_.tell("status", "once more");
  EXPECT_TRUE(soon([](const auto& now) { return now.event_streams == 0; }));
  some_ended->store(false);
}

TEST_P(http_server, bounds_event_streams) {
  options_.event_streams_max = 1;
  start();
  http_client one = connect();
  one.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(one.answer().status, 200);
  EXPECT_EQ(connect().ask("GET", "/events").status, 503);
}

TEST_P(http_server, stops_with_clients_connected_and_a_teller_at_work) {
  for (int round = 0; round < 5; ++round) {
    start();
    http_client stream = connect();
    stream.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(stream.answer().status, 200);
    http_client waiting = connect();
    waiting.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    std::atomic<bool> enough{false};
    std::thread teller([&] {
      while (!enough) board_.tell("second", "{}");
    });
    std::this_thread::sleep_for(20ms);
    server_.reset();
    enough = true;
    teller.join();
  }
}

TEST(http_server_start, says_what_is_wrong) {
  live_board board;
  server_options options;
  options.port = 0;
  const auto first = server::start(options, echo, board);
  ASSERT_TRUE(first);
  options.port = (*first)->port();
  const auto second = server::start(options, echo, board);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().text().find("another program listens there"), std::string::npos);
  options.host = "192.0.2.1";
  EXPECT_FALSE(server::start(options, echo, board));
  options.certificate = "/nowhere/cert.pem";
  options.key = "/nowhere/key.pem";
  const auto third = server::start(options, echo, board);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().where, "/nowhere/cert.pem");
}

}  // namespace
}  // namespace callweir::dashboard::http
