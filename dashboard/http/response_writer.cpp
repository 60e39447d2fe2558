#include "dashboard/http/response_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace callweir::dashboard::http {
namespace {

using header = std::pair<std::string_view, std::string_view>;

/// The page runs its own scripts and styles, nothing inline, nothing of others, in nobody's frame.
constexpr std::array<header, 9> standing{{
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
    {"X-Robots-Tag", "noindex"},
    {"Cache-Control", "no-store"},
}};

constexpr std::array<std::pair<int, const char*>, 30> reasons{{
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
}};

bool is_header(std::string_view name, std::string_view value) {
  const bool token = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
  return token && std::none_of(value.begin(), value.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte < 0x20 && c != '\t') || byte == 0x7f;
         });
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c + 0; };
    return lower(x) == lower(y);
  });
}

bool names(const response& answer, std::string_view name) {
  return std::any_of(answer.headers.begin(), answer.headers.end(),
                     [&](const auto& one) { return same_name(one.first, name); });
}

/// What the connection itself says; an answer that says it, too, would contradict it.
bool is_framing(std::string_view name) {
  return same_name(name, "content-length") || same_name(name, "transfer-encoding") ||
         same_name(name, "connection") || same_name(name, "content-type") ||
         same_name(name, "date");
}

void add(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

/// RFC 9110 section 5.6.7, whatever the process's language is.
std::string http_date(std::time_t now) {
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm t{};
  if (gmtime_r(&now, &t) == nullptr) return "Thu, 01 Jan 1970 00:00:00 GMT";
  const auto two = [](int value) {
    return std::string{static_cast<char>('0' + value / 10 % 10),
                       static_cast<char>('0' + value % 10)};
  };
  return std::string(days[static_cast<std::size_t>(t.tm_wday)]) + ", " + two(t.tm_mday) + ' ' +
         months[static_cast<std::size_t>(t.tm_mon)] + ' ' + std::to_string(t.tm_year + 1900) + ' ' +
         two(t.tm_hour) + ':' + two(t.tm_min) + ':' + two(t.tm_sec) + " GMT";
}

bool has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

const char* reason_phrase(int status) {
  if (status == 503) return "Service Unavailable";
  if (status == 505) return "HTTP Version Not Supported";
  const auto found = std::find_if(reasons.begin(), reasons.end(),
                                  [&](const auto& one) { return one.first == status; });
  return found == reasons.end() ? "" : found->second;
}

std::string write_head(response& answer, const answer_form& form) {
  const bool sound = answer.status >= 200 && answer.status <= 599 &&
                     is_header("type", answer.type) &&
                     std::all_of(answer.headers.begin(), answer.headers.end(),
                                 [](const auto& one) { return is_header(one.first, one.second); });
  if (!sound) answer = problem(500, "the answer could not be written");
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  out.append(reason_phrase(answer.status)).append("\r\n");
  add(out, "Date", http_date(form.now));
  if (answer.event_stream) {
    add(out, "Content-Type", "text/event-stream; charset=utf-8");
  } else if (has_body(answer.status)) {
    add(out, "Content-Type", answer.type);
    add(out, "Content-Length", std::to_string(answer.body.size()));
  }
  add(out, "Connection", form.keep_alive && !answer.event_stream ? "keep-alive" : "close");
  for (const auto& [name, value] : answer.headers) {
    if (!is_framing(name)) add(out, name, value);
  }
  for (const auto& [name, value] : standing) {
    if (!names(answer, name)) add(out, name, value);
  }
  if (form.secure) add(out, "Strict-Transport-Security", "max-age=31536000");
  out += "\r\n";
  if (!has_body(answer.status) || form.head) answer.body.clear();
  return out;
}

}  // namespace callweir::dashboard::http
