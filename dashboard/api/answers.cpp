#include "dashboard/api/answers.hpp"

#include <array>

namespace callweir::dashboard::routes {
namespace {

void append_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == ':';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
}

std::string time_text(time_point when) {
  std::string out;
  json::append_time(out, when);
  return out;
}

}  // namespace

http::response refusal(int status, const error& problem) {
  return http::problem(status, problem.what, problem.where, problem.mend);
}

http::response come_again(const error& problem, unsigned seconds) {
  auto out = refusal(503, problem);
  out.headers.emplace_back("Retry-After", std::to_string(seconds));
  return out;
}

http::response made(std::string body, int status) {
  http::response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

http::response done() {
  http::response out;
  out.status = 204;
  return out;
}

http::response done(kept how) {
  if (how == kept::on_disk) return done();
  return made(
      R"({"written":false,"what":"it holds, and will be on disk as soon as there is room"})", 202);
}

std::string begin_period(const period& when) {
  std::string out = "{\"from\":";
  json::append_time(out, when.from);
  out += ",\"to\":";
  json::append_time(out, when.to);
  return out;
}

void append_counts(std::string& out, std::string_view key, const both_ways<std::uint64_t>& counts) {
  json::append_key(out, key);
  out += '[';
  json::append_integer(out, counts[0]);
  out += ',';
  json::append_integer(out, counts[1]);
  out += ']';
}

void append_text_or_null(std::string& out, std::string_view key, std::string_view text) {
  json::append_key(out, key);
  if (text.empty()) {
    out += "null";
  } else {
    json::append_string(out, text);
  }
}

void append_next(std::string& out, const context& of, const period* when, bool more,
                 std::size_t offset) {
  json::append_key(out, "next");
  if (!more) {
    out += "null";
    return;
  }
  std::string address = of.ask.path;
  char separator = '?';
  const auto add = [&](std::string_view name, std::string_view value) {
    address += separator;
    separator = '&';
    append_encoded(address, name);
    address += '=';
    append_encoded(address, value);
  };
  if (when != nullptr) {
    add("from", time_text(when->from));
    add("to", time_text(when->to));
  }
  for (const auto& [name, value] : of.ask.query) {
    if (name == "from" || name == "to" || name == "last" || name == "offset") continue;
    add(name, value);
  }
  add("offset", std::to_string(offset));
  json::append_string(out, address);
}

}  // namespace callweir::dashboard::routes
