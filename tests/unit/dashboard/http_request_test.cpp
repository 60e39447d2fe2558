// Requests as bytes: what is read, what is refused, however the bytes are cut.
#include <gtest/gtest.h>

#include "dashboard/http/request_parser.hpp"
#include "dashboard/http/target.hpp"

namespace callweir::dashboard::http {
namespace {

std::string with_host(const std::string& request_line, const std::string& headers = {}) {
  return request_line + "\r\nHost: localhost\r\n" + headers + "\r\n";
}

int status_of(const std::string& bytes) {
  request_parser parser;
  parser.feed(bytes);
  if (parser.failed()) return parser.status();
  return parser.complete() ? 0 : -1;
}

std::string path_of(const std::string& text) {
  target out;
  return read_target(text, out) ? out.path : "refused";
}

TEST(http_request, is_read_however_the_bytes_are_cut) {
  const std::string bytes =
      "\r\nPOST /api/v1/a%20b?x=1&y=a+b%26c&z HTTP/1.1\r\nHost: [::1]:8443\r\nX-One:  two \t\r\n"
      "Cookie: a=1; session=xyz\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    request_parser parser;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      const auto some = std::string_view(bytes).substr(at, piece);
      ASSERT_EQ(parser.feed(some), some.size());
    }
    ASSERT_TRUE(parser.complete()) << piece;
    EXPECT_TRUE(parser.keep_alive());
    const request got = parser.take();
    EXPECT_EQ(got.verb, method::post);
    EXPECT_EQ(got.path, "/api/v1/a b");
    EXPECT_EQ(got.parameter("x"), "1");
    EXPECT_EQ(got.parameter("y"), "a b&c");
    EXPECT_EQ(got.query.size(), 3U);
    EXPECT_EQ(got.header("x-one"), "two");
    EXPECT_EQ(got.cookie("session"), "xyz");
    EXPECT_EQ(got.body, "hello");
    EXPECT_TRUE(parser.untouched());
  }
}

TEST(http_request, leaves_the_next_one_alone) {
  const std::string one = with_host("GET /1 HTTP/1.1");
  request_parser parser;
  EXPECT_EQ(parser.feed(one + one), one.size());
  EXPECT_EQ(parser.take().path, "/1");
}

TEST(http_request, joins_chunks_and_reads_past_extensions_and_trailers) {
  const std::string head = with_host("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n");
  request_parser parser;
  parser.feed(head + "3;name=value\r\nabc\r\n00A\r\n0123456789\r\n0\r\nAuthorization: no\r\n\r\n");
  ASSERT_TRUE(parser.complete());
  const request got = parser.take();
  EXPECT_EQ(got.body, "abc0123456789");
  EXPECT_EQ(got.header("authorization"), "");
  EXPECT_EQ(status_of(head + "3\r\nabcd\r\n"), 400);
  EXPECT_EQ(status_of(head + "-1\r\n"), 400);
  EXPECT_EQ(status_of(head + "0x3\r\nabc\r\n"), 400);
  EXPECT_EQ(status_of(head + "\r\n"), 400);
  EXPECT_EQ(status_of(head + "3\nabc\r\n"), 400);
  EXPECT_EQ(status_of(head + "10001\r\n"), 413);
  EXPECT_EQ(status_of(head + "fffffffffffffffff\r\n"), 413);
  EXPECT_EQ(status_of(head + "1;" + std::string(200, 'x') + "\r\n"), 400);
  EXPECT_EQ(status_of(head + "0\r\n" + std::string(20'000, 'x')), 431);
}

TEST(http_request, refuses_what_two_readers_may_end_differently) {
  const auto post = [](const std::string& headers, const std::string& body = {}) {
    return status_of(with_host("POST / HTTP/1.1", headers) + body);
  };
  EXPECT_EQ(post("Content-Length: 3\r\n", "abc"), 0);
  EXPECT_EQ(post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(post("Content-Length: 3\r\nContent-Length: 3\r\n"), 400);
  EXPECT_EQ(post("Content-Length: 3, 3\r\n"), 400);
  EXPECT_EQ(post("Content-Length: +3\r\n"), 400);
  EXPECT_EQ(post("Content-Length: -3\r\n"), 400);
  EXPECT_EQ(post("Content-Length: 0x3\r\n"), 400);
  EXPECT_EQ(post("Content-Length:\r\n"), 400);
  EXPECT_EQ(post("Content-Length : 3\r\n"), 400);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(post("Transfer-Encoding: gzip, chunked\r\n"), 501);
  EXPECT_EQ(post("Transfer-Encoding: identity\r\n"), 501);
  EXPECT_EQ(post("X: a\r\n folded\r\n"), 400);
  EXPECT_EQ(post("X: a\nY: b\r\n"), 400);
  EXPECT_EQ(post("X: a\rY: b\r\n"), 400);
  EXPECT_EQ(post(std::string("X: a\0b\r\n", 8)), 400);
  EXPECT_EQ(post("no colon\r\n"), 400);
  EXPECT_EQ(post(": nameless\r\n"), 400);
  EXPECT_EQ(post("Host: other\r\n"), 400);
  EXPECT_EQ(post("Authorization: a\r\nAuthorization: b\r\n"), 400);
  EXPECT_EQ(post("Expect: miracles\r\n"), 417);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(http_request, refuses_what_is_no_request_line) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);  // no host
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(status_of(with_host("GET /")), 400);
  EXPECT_EQ(status_of(with_host("GET  / HTTP/1.1")), 400);
  EXPECT_EQ(status_of(with_host("GET / HTTP/1.1 ")), 400);
  EXPECT_EQ(status_of(with_host("GET /a b HTTP/1.1")), 400);
  EXPECT_EQ(status_of(with_host("G\x01T / HTTP/1.1")), 400);
  EXPECT_EQ(status_of(with_host("GET / HTTP/1.2")), 505);
  EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  EXPECT_EQ(status_of(with_host("GET / HTCPCP/1.0")), 400);
  EXPECT_EQ(status_of(with_host("BREW / HTTP/1.1")), 501);
  EXPECT_EQ(status_of(with_host("CONNECT a:1 HTTP/1.1")), 501);
  EXPECT_EQ(status_of("\r\n\r\n\r\n"), 400);
  EXPECT_EQ(status_of(std::string("\x16\x03\x01\x02\x00\x01", 6) + "\r\n"), 400);
}

TEST(http_request, is_bounded) {
  EXPECT_EQ(status_of("GET /" + std::string(header_bytes_max, 'a')), 414);
  EXPECT_EQ(status_of(with_host("GET /" + std::string(target_bytes_max, 'a') + " HTTP/1.1")), 414);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(header_bytes_max, 'a')), 431);
  std::string many;
  for (int i = 0; i < 120; ++i) many += "X: y\r\n";
  EXPECT_EQ(status_of(with_host("GET / HTTP/1.1", many)), 431);
  const auto sized = [](const std::string& length) {
    return status_of(with_host("POST / HTTP/1.1", "Content-Length: " + length + "\r\n"));
  };
  EXPECT_EQ(sized("65536"), -1);
  EXPECT_EQ(sized("65537"), 413);
  EXPECT_EQ(sized("99999999999999999999999999"), 413);
}

TEST(http_request, tells_what_the_connection_does_next) {
  const auto keeps = [](const std::string& bytes) {
    request_parser parser;
    parser.feed(bytes);
    return parser.complete() && parser.keep_alive();
  };
  EXPECT_TRUE(keeps(with_host("GET / HTTP/1.1")));
  EXPECT_FALSE(keeps(with_host("GET / HTTP/1.1", "Connection: Upgrade, Close\r\n")));
  EXPECT_FALSE(keeps(with_host("GET / HTTP/1.0")));
  EXPECT_TRUE(keeps(with_host("GET / HTTP/1.0", "Connection: keep-alive\r\n")));
  request_parser parser;
  parser.feed(with_host("PUT / HTTP/1.1", "Content-Length: 1\r\nExpect: 100-continue\r\n"));
  EXPECT_TRUE(parser.expects_continue());
  EXPECT_FALSE(parser.in_header());
}

TEST(http_target, is_one_path_or_refused) {
  EXPECT_EQ(path_of("/"), "/");
  EXPECT_EQ(path_of("/a//b///"), "/a/b/");
  EXPECT_EQ(path_of("/%7Euser/%C3%A9"), "/~user/é");
  EXPECT_EQ(path_of("/a..b/...,x"), "/a..b/...,x");
  EXPECT_EQ(path_of("https://localhost:8443/a?b"), "/a");
  EXPECT_EQ(path_of("http://localhost"), "/");
  EXPECT_EQ(path_of("/%252e%252e/"), "/%2e%2e/");
  for (const char* text : {"/..",       "/../a",
                           "/a/..",     "/a/./b",
                           "/%2e%2e/a", "/.%2E/a",
                           "/a%2fb",    "/a%5cb",
                           "/a\\b",     "/a%00b",
                           "/a%0ab",    "/%c0%ae%c0%ae/",
                           "/%ff",      "/%ed%a0%80",
                           "/a%",       "/a%4",
                           "/a%zz",     "/a#b",
                           "a",         "*",
                           "https://",  "https://user@host/",
                           "/\xc3\xa9", "/a\tb",
                           "/?a=%00",   "/?a=%c1%81",
                           "/?%",       "/?a=%f"}) {
    EXPECT_EQ(path_of(text), "refused") << text;
  }
  target out;
  std::string many = "/?";
  for (std::size_t i = 0; i < parameters_max; ++i) many += "a=b&";
  EXPECT_TRUE(read_target(many, out));
  EXPECT_FALSE(read_target(many + "a=b", out));
}

}  // namespace
}  // namespace callweir::dashboard::http
