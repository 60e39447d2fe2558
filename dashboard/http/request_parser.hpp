// Reads one HTTP/1.1 request after the other out of the bytes of a connection (RFC 9112), however
// they are cut. Knows nothing of sockets. Stricter than the RFC asks wherever leniency lets two
// readers disagree about where a request ends (request smuggling): bare line feeds, folded headers,
// Content-Length twice or beside Transfer-Encoding, blanks before a colon. One thread.
#pragma once

#include <string>
#include <string_view>

#include "dashboard/http/message.hpp"

namespace callweir::dashboard::http {

constexpr std::size_t headers_max = 100;
constexpr std::size_t chunk_line_bytes_max = 128;

class request_parser {
 public:
  /// Takes bytes and tells how many it used: all of them, unless a request is complete or failed()
  /// in between; what was not used belongs to the next request.
  std::size_t feed(std::string_view bytes);

  /// Not one byte of a request was seen yet.
  bool untouched() const {
    return stage_ == stage::request_line && line_.empty() && used_ == 0 && !return_;
  }
  bool in_header() const { return stage_ == stage::request_line || stage_ == stage::header; }
  bool complete() const { return stage_ == stage::complete; }
  bool failed() const { return stage_ == stage::failed; }

  /// Of what failed: 400, 413, 414, 417, 431, 501 or 505, and a sentence.
  int status() const { return status_; }
  const char* what() const { return what_; }

  /// Set when the header is complete: the client waits for "100 Continue" before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  bool keep_alive() const { return keep_alive_; }
  /// Bytes of the body so far.
  std::size_t body_bytes() const { return request_.body.size(); }

  /// The complete request; the parser is ready for the next one.
  request take();

 private:
  enum class stage : std::uint8_t {
    request_line,
    header,
    body,
    chunk_size,
    chunk_data,
    chunk_end,
    trailer,
    complete,
    failed
  };

  bool take_line(std::string_view bytes, std::size_t& at);
  void end_line();
  void read_request_line(std::string_view line);
  void read_version(std::string_view version);
  void read_header(std::string_view line);
  void end_header();
  bool frame_body();
  void read_connection(std::string_view value);
  void read_chunk_size(std::string_view line);
  void add_body(std::string_view bytes, std::size_t& at, stage next);
  void refuse(int status, const char* what);
  int times(std::string_view name) const;

  stage stage_ = stage::request_line;
  std::string line_;      // what came of the line, without its end
  bool return_ = false;   // the line's last byte so far was a carriage return
  std::size_t used_ = 0;  // bytes of header or trailer so far
  std::size_t left_ = 0;  // bytes that the body or the chunk still has
  bool http_1_0_ = false, keep_alive_ = true, expects_continue_ = false;
  int status_ = 0;
  const char* what_ = "";
  request request_;
};

}  // namespace callweir::dashboard::http
