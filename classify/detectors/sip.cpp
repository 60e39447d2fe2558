#include "classify/detectors/sip.hpp"

#include <algorithm>

namespace callweir::classify {
namespace {

constexpr int lines_max = 200;
// RFC 3261 and its extensions; the last row is Microsoft's.
constexpr std::string_view methods[] = {
    "INVITE",  "ACK",  "BYE",   "CANCEL",  "REGISTER", "OPTIONS", "PRACK",    "SUBSCRIBE", "NOTIFY",
    "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE",   "SERVICE", "BENOTIFY", "NEGOTIATE"};

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_word(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

/// Also takes the line end of a folded field away.
std::string_view trim(std::string_view t) noexcept {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t first = t.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return t.substr(first, t.find_last_not_of(blank) - first + 1);
}

/// Takes one line with the folded ones after it (RFC 3261 section 7.3.1); they stay in the view.
std::string_view take_header(std::string_view& rest) noexcept {
  std::size_t end = 0;
  for (;;) {
    const std::size_t feed = rest.find('\n', end);
    if (feed == std::string_view::npos) {
      end = rest.size();
      break;
    }
    const bool folded =
        feed > 0 && feed + 1 < rest.size() && (rest[feed + 1] == ' ' || rest[feed + 1] == '\t');
    end = feed + 1;
    if (!folded) break;
  }
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

bool parse_start_line(std::string_view line, sip_message& out) noexcept {
  if (line.starts_with("SIP/2.0 ") && line.size() >= 11) {
    for (int i = 8; i < 11; ++i) {
      const char digit = line[static_cast<std::size_t>(i)];
      if (digit < '0' || digit > '9') return false;
      out.status = static_cast<std::uint16_t>(out.status * 10 + (digit - '0'));
    }
    return out.status >= 100 && out.status <= 699;
  }
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !line.ends_with(" SIP/2.0")) return false;
  out.method = line.substr(0, space);
  if (std::find(std::begin(methods), std::end(methods), out.method) == std::end(methods))
    return false;
  if (line.size() < space + 10) return false;
  out.uri = trim(line.substr(space + 1, line.size() - space - 9));
  out.request = true;
  return true;
}

}  // namespace

bool parse_sip(std::string_view text, sip_message& out) noexcept {
  out = {};
  // RFC 3261 section 7.5: leading empty lines of a stream do not count.
  while (text.starts_with("\r\n")) text.remove_prefix(2);
  if (text.size() < 12) return false;
  std::string_view rest = text;
  if (!parse_start_line(trim(take_header(rest)), out)) return false;
  for (int i = 0; i < lines_max && !rest.empty(); ++i) {
    const std::string_view line = take_header(rest);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = trim(line.substr(0, colon)), value = trim(line.substr(colon + 1));
    if (same_word(name, "call-id") || same_word(name, "i"))
      out.call_id = value;
    else if (same_word(name, "to") || same_word(name, "t"))
      out.to = value;
    else if (same_word(name, "cseq") && !out.request) {
      const std::size_t space = value.find_last_of(" \t");
      if (space != std::string_view::npos) out.method = value.substr(space + 1);
    }
  }
  // Alone or as a part of multipart/mixed (RFC 5621).
  const std::size_t sdp = rest.starts_with("v=0") ? 0 : rest.find("\nv=0");
  if (sdp != std::string_view::npos) out.body = rest.substr(rest.starts_with("v=0") ? 0 : sdp + 1);
  return true;
}

bool begins_sip(std::string_view text) noexcept {
  sip_message m;
  std::string_view line = text.substr(0, text.find('\n'));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return parse_start_line(line, m);
}

std::string_view dialled(std::string_view uri) noexcept {
  const std::size_t open = uri.find('<');
  if (open != std::string_view::npos) {
    uri.remove_prefix(open + 1);
    uri = uri.substr(0, uri.find('>'));
  }
  for (const std::string_view scheme : {"sips:", "sip:", "tel:"}) {
    if (uri.size() > scheme.size() && same_word(uri.substr(0, scheme.size()), scheme)) {
      uri.remove_prefix(scheme.size());
      return uri.substr(0, uri.find_first_of("@;:?"));
    }
  }
  return uri;
}

bool is_emergency(std::string_view uri, const std::vector<std::string>& numbers) noexcept {
  const std::string_view user = dialled(uri);
  constexpr std::string_view sos = "urn:service:sos";
  if (user.size() >= sos.size() && same_word(user.substr(0, sos.size()), sos) &&
      (user.size() == sos.size() || user[sos.size()] == '.' || user[sos.size()] == ';')) {
    return true;
  }
  for (const std::string& number : numbers) {
    std::size_t matched = 0;
    bool same = !number.empty();
    for (const char c : user) {
      if (c == '-' || c == '.' || c == ' ' || c == '(' || c == ')') continue;
      same = same && matched < number.size() && number[matched] == c;
      ++matched;
    }
    if (same && matched == number.size()) return true;
  }
  return false;
}

}  // namespace callweir::classify
