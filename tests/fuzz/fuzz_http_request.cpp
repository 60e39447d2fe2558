// Requests as they come from anyone, against Boost.Beast's reader and against themselves cut into
// pieces: the same bytes are one request, the same request, or refused, however they arrive; and
// what is accepted ends where Beast ends it. Beast is the laxer one: what it accepts may be refused
// here, never the other way round with another content. Input: one byte for the size of the
// pieces, then the connection's bytes.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdlib>
#include <optional>
#include <vector>

#include "base/utf8.hpp"
#include "dashboard/http/request_parser.hpp"
#include "dashboard/http/target.hpp"
#include "tests/fuzz/byte_source.hpp"

namespace {

using namespace callweir;
using namespace callweir::dashboard::http;
namespace beast = boost::beast::http;

void demand(bool holds) {
  if (!holds) std::abort();
}

struct outcome {
  std::vector<request> requests;
  std::vector<std::size_t> ends;  // offset behind each
  int status = 0;
};

outcome read_all(std::string_view bytes, std::size_t piece) {
  outcome out;
  request_parser parser;
  std::size_t at = 0;
  while (at < bytes.size() && out.requests.size() < 64) {
    const std::string_view some = bytes.substr(at, piece);
    const test::exact_block block(reinterpret_cast<const std::uint8_t*>(some.data()), some.size());
    const std::size_t used =
        parser.feed({reinterpret_cast<const char*>(block.data()), block.size()});
    at += used;
    if (parser.failed()) {
      out.status = parser.status();
      demand(out.status >= 400 && out.status <= 505 && *parser.what() != '\0');
      return out;
    }
    if (!parser.complete()) {
      demand(used == some.size());
      continue;
    }
    out.requests.push_back(parser.take());
    out.ends.push_back(at);
    demand(parser.untouched());
  }
  return out;
}

void check_one(const request& one) {
  demand(!one.path.empty() && one.path.front() == '/');
  demand(one.path.find('\0') == std::string::npos && one.path.find('\\') == std::string::npos);
  demand((one.path + '/').find("/../") == std::string::npos);
  demand((one.path + '/').find("/./") == std::string::npos);
  demand(one.path.find("//") == std::string::npos);
  demand(is_utf8(one.path) && one.query.size() <= parameters_max);
  for (const auto& [name, value] : one.query) demand(is_utf8(name) && is_utf8(value));
  demand(one.body.size() <= body_bytes_max && one.headers.size() <= headers_max);
  std::size_t total = 0;
  for (const auto& [name, value] : one.headers) {
    total += name.size() + value.size();
    demand(!name.empty() &&
           value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  demand(total <= header_bytes_max);
}

/// The first request alone, as Beast reads it: its end, its body; nothing where Beast refuses.
struct beasts_word {
  std::size_t end;
  std::string body;
  bool keep_alive;
};
std::optional<beasts_word> ask_beast(std::string_view bytes) {
  beast::request_parser<beast::string_body> parser;
  parser.eager(true);
  parser.header_limit(1 << 20);
  parser.body_limit(body_bytes_max);
  std::size_t at = 0;
  // Beast may take the header and the body in steps.
  for (int step = 0; step < 10'000 && at < bytes.size() && !parser.is_done(); ++step) {
    boost::system::error_code failure;
    const std::size_t used =
        parser.put(boost::asio::buffer(bytes.data() + at, bytes.size() - at), failure);
    at += used;
    if (failure || used == 0) return std::nullopt;
  }
  if (!parser.is_done()) return std::nullopt;
  return beasts_word{at, parser.get().body(), parser.get().keep_alive()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 70'000) return 0;
  const std::size_t piece = std::size_t{data[0]} + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const outcome whole = read_all(bytes, bytes.size());
  const outcome cut = read_all(bytes, piece);
  demand(whole.status == cut.status && whole.ends == cut.ends);
  for (std::size_t i = 0; i < whole.requests.size(); ++i) {
    const request& one = whole.requests[i];
    check_one(one);
    demand(one.path == cut.requests[i].path && one.body == cut.requests[i].body);
    demand(one.headers == cut.requests[i].headers && one.query == cut.requests[i].query);
  }
  if (whole.requests.empty()) return 0;
  const std::size_t blank = bytes.starts_with("\r\n") ? 2 : 0;  // Beast knows no empty line before
  const auto theirs = ask_beast(bytes.substr(blank));
  if (theirs) {
    demand(theirs->end + blank == whole.ends[0]);
    demand(theirs->body == whole.requests[0].body);
  }
  return 0;
}
