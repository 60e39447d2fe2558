#include "dashboard/http/request_parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "dashboard/http/target.hpp"

namespace callweir::dashboard::http {
namespace {

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

/// RFC 9110 section 5.5: visible characters, blanks, tabs, and bytes beyond ASCII.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// RFC 9110 section 7.2: a name or an address, and perhaps a port. No user, no path, no list.
bool is_host(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '[' || c == ']' || c == '%' || c == '~';
  });
}

struct known_method {
  std::string_view name;
  method verb;
};
constexpr std::array<known_method, 7> known_methods{{{"GET", method::get},
                                                     {"HEAD", method::head},
                                                     {"POST", method::post},
                                                     {"PUT", method::put},
                                                     {"PATCH", method::patch},
                                                     {"DELETE", method::del},
                                                     {"OPTIONS", method::other}}};

/// Headers that say what the request is or who asks: two of them, and two readers may differ.
constexpr std::array<std::string_view, 9> single_headers{
    "host",   "content-length", "transfer-encoding", "content-type", "authorization", "cookie",
    "origin", "expect",         "x-csrf-token"};

}  // namespace

void request_parser::refuse(int status, const char* what) {
  stage_ = stage::failed;
  status_ = status;
  what_ = what;
}

request request_parser::take() {
  request out = std::move(request_);
  *this = {};
  return out;
}

std::size_t request_parser::feed(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && !complete() && !failed()) {
    if (stage_ == stage::body) {
      add_body(bytes, at, stage::complete);
    } else if (stage_ == stage::chunk_data) {
      add_body(bytes, at, stage::chunk_end);
    } else if (take_line(bytes, at)) {
      end_line();
    }
  }
  return at;
}

/// Moves bytes into the line until its end; true when it has come. Every line ends with CR LF.
bool request_parser::take_line(std::string_view bytes, std::size_t& at) {
  if (!return_) {
    const auto end = std::min(bytes.find_first_of("\r\n", at), bytes.size());
    const auto room = header_bytes_max - std::min(used_, header_bytes_max);
    const bool chunk = stage_ == stage::chunk_size || stage_ == stage::chunk_end;
    if (end - at > room) {
      const bool target = stage_ == stage::request_line;
      refuse(target ? 414 : 431, target ? "the request line is too long" : "too many header bytes");
      return false;
    }
    if (chunk && line_.size() + (end - at) > chunk_line_bytes_max) {
      refuse(400, "a chunk's size is too long");
      return false;
    }
    line_.append(bytes.substr(at, end - at));
    // The frame of chunks is bounded with the body: each carries at least one byte of it.
    if (!chunk) used_ += end - at;
    at = end;
    if (at == bytes.size()) return false;
    if (bytes[at] == '\n') {
      refuse(400, "a line ends without a carriage return");
      return false;
    }
    return_ = true;
    ++at;
    if (at == bytes.size()) return false;
  }
  if (bytes[at] != '\n') {
    refuse(400, "a carriage return inside a line");
    return false;
  }
  ++at;
  return_ = false;
  if (stage_ != stage::chunk_size && stage_ != stage::chunk_end) used_ += 2;
  return true;
}

void request_parser::end_line() {
  std::string line;
  line.swap(line_);
  switch (stage_) {
    case stage::request_line:
      // RFC 9112 section 2.2: an empty line before the request is ignored; one, not a flood of
      // them.
      if (!line.empty()) {
        read_request_line(line);
      } else if (used_ > 2) {
        refuse(400, "empty lines instead of a request");
      }
      return;
    case stage::header:
      if (line.empty()) {
        end_header();
      } else {
        read_header(line);
      }
      return;
    case stage::chunk_size:
      read_chunk_size(line);
      return;
    case stage::chunk_end:
      if (!line.empty()) return refuse(400, "a chunk is longer than it says");
      stage_ = stage::chunk_size;
      return;
    case stage::trailer:
      // Trailers are read past: nothing here needs one, and merging them is how headers are forged.
      if (line.empty()) stage_ = stage::complete;
      return;
    default:
      return;
  }
}

void request_parser::read_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return refuse(400, "not a request line");
  const std::string_view verb = line.substr(0, first);
  const std::string_view text = line.substr(first + 1, last - first - 1);
  if (!is_token(verb)) return refuse(400, "not a request line");
  read_version(line.substr(last + 1));
  if (failed()) return;
  const auto known = std::find_if(known_methods.begin(), known_methods.end(),
                                  [&](const known_method& one) { return one.name == verb; });
  if (known == known_methods.end()) return refuse(501, "a method that is not known here");
  request_.verb = known->verb;
  if (text.size() > target_bytes_max) return refuse(414, "the address is too long");
  target read;
  if (text.empty() || !read_target(text, read)) return refuse(400, "not an address");
  request_.path = std::move(read.path);
  request_.query = std::move(read.query);
  stage_ = stage::header;
}

void request_parser::read_version(std::string_view version) {
  if (version == "HTTP/1.1") return;
  if (version == "HTTP/1.0") {
    http_1_0_ = true;
    keep_alive_ = false;
  } else if (version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.') {
    refuse(505, "only HTTP/1.1 is spoken here");
  } else {
    refuse(400, "not a version of HTTP");
  }
}

void request_parser::read_header(std::string_view line) {
  if (request_.headers.size() == headers_max) return refuse(431, "too many headers");
  // A line that begins with a blank would continue the one before (RFC 9112 section 5.2).
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return refuse(400, "not a header");
  }
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!is_field_value(value)) return refuse(400, "a control character in a header");
  request_.headers.emplace_back(lower_case(line.substr(0, colon)), value);
}

int request_parser::times(std::string_view name) const {
  return static_cast<int>(std::count_if(request_.headers.begin(), request_.headers.end(),
                                        [&](const auto& one) { return one.first == name; }));
}

void request_parser::end_header() {
  for (const std::string_view name : single_headers) {
    if (times(name) > 1) return refuse(400, "a header is there twice that may be there once");
  }
  if (!http_1_0_ && times("host") != 1) return refuse(400, "no Host header");
  if (!is_host(request_.header("host"))) return refuse(400, "not a host");
  for (const auto& [name, value] : request_.headers) {
    if (name == "connection") read_connection(value);
  }
  if (!frame_body()) return;
  if (const auto expect = request_.header("expect"); !expect.empty() && !http_1_0_) {
    if (lower_case(expect) != "100-continue") return refuse(417, "an unknown expectation");
    expects_continue_ = stage_ != stage::complete;
  }
}

void request_parser::read_connection(std::string_view value) {
  while (!value.empty()) {
    const auto end = std::min(value.find(','), value.size());
    const std::string option = lower_case(trimmed(value.substr(0, end)));
    value.remove_prefix(std::min(end + 1, value.size()));
    if (option == "close") keep_alive_ = false;
    if (option == "keep-alive" && http_1_0_) keep_alive_ = true;
  }
}

/// Where the body ends (RFC 9112 section 6.3); false: refused.
bool request_parser::frame_body() {
  const bool chunked = times("transfer-encoding") > 0;
  const bool sized = times("content-length") > 0;
  if (chunked && (sized || http_1_0_)) {
    refuse(400, "two ways to tell the body's length");
    return false;
  }
  if (chunked) {
    if (lower_case(request_.header("transfer-encoding")) != "chunked") {
      refuse(501, "an unknown transfer encoding");
      return false;
    }
    stage_ = stage::chunk_size;
    return true;
  }
  const std::string_view text = request_.header("content-length");
  if (sized) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), left_);
    if (text.empty() || read.ptr != text.data() + text.size() || text.front() == '-') {
      refuse(400, "not a length");
      return false;
    }
    if (read.ec != std::errc() || left_ > body_bytes_max) {
      refuse(413, "the body is too large");
      return false;
    }
  }
  stage_ = left_ > 0 ? stage::body : stage::complete;
  return true;
}

void request_parser::read_chunk_size(std::string_view line) {
  // Extensions (RFC 9112 section 7.1.1) are read past, as it asks.
  const auto end = std::min(line.find(';'), line.size());
  const std::string_view digits = line.substr(0, end);
  if (!is_field_value(line)) return refuse(400, "a control character in a chunk's size");
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (digits.empty() || digits.front() == '-' || read.ptr != digits.data() + digits.size()) {
    return refuse(400, "not a chunk's size");
  }
  if (read.ec != std::errc() || left_ > body_bytes_max - request_.body.size()) {
    return refuse(413, "the body is too large");
  }
  stage_ = left_ > 0 ? stage::chunk_data : stage::trailer;
}

void request_parser::add_body(std::string_view bytes, std::size_t& at, stage next) {
  const std::size_t some = std::min(left_, bytes.size() - at);
  request_.body.append(bytes.substr(at, some));
  at += some;
  left_ -= some;
  if (left_ == 0) stage_ = next;
}

}  // namespace callweir::dashboard::http
