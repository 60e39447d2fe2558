#include <algorithm>
#include <charconv>

#include "classify/detectors/sip.hpp"
#include "classify/payload_types.hpp"

namespace callweir::classify {
namespace {

constexpr int lines_max = 300;

std::string_view take_line(std::string_view& rest) noexcept {
  const std::size_t feed = rest.find('\n');
  std::string_view line = rest.substr(0, feed);
  rest.remove_prefix(feed == std::string_view::npos ? rest.size() : feed + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::string_view take_word(std::string_view& rest) noexcept {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  const std::size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(word.size());
  return word;
}

/// IPv4 in dotted form without allocation; IPv6 by its eight groups and one "::".
bool parse_ipv4(std::string_view t, ip_address& out) noexcept {
  std::uint32_t bits = 0;
  for (int i = 0; i < 4; ++i) {
    unsigned octet = 256;
    const auto [end, fault] = std::from_chars(t.data(), t.data() + t.size(), octet);
    if (fault != std::errc{} || octet > 255) return false;
    bits = bits << 8 | octet;
    t.remove_prefix(static_cast<std::size_t>(end - t.data()));
    if (i < 3) {
      if (t.empty() || t.front() != '.') return false;
      t.remove_prefix(1);
    }
  }
  out = ip_address::v4(bits);
  return t.empty() || t.front() == '/';
}

bool parse_ipv6(std::string_view t, ip_address& out) noexcept {
  t = t.substr(0, t.find('/'));
  std::array<std::uint16_t, 8> groups{};
  int count = 0, gap = -1;
  if (t.starts_with("::")) {
    gap = 0;
    t.remove_prefix(2);
  }
  while (!t.empty() && count < 8) {
    std::uint16_t group = 0;
    const auto [end, fault] = std::from_chars(t.data(), t.data() + t.size(), group, 16);
    if (fault != std::errc{}) return false;
    groups[static_cast<std::size_t>(count++)] = group;
    t.remove_prefix(static_cast<std::size_t>(end - t.data()));
    if (t.empty()) break;
    if (t.front() != ':') return false;
    t.remove_prefix(1);
    if (!t.empty() && t.front() == ':') {
      if (gap >= 0) return false;
      gap = count;
      t.remove_prefix(1);
    } else if (t.empty()) {
      return false;
    }
  }
  if (!t.empty() || (gap < 0 && count != 8)) return false;
  std::array<std::uint16_t, 8> all{};
  for (int i = 0; i < count; ++i) {
    const int at = gap >= 0 && i >= gap ? 8 - count + i : i;
    all[static_cast<std::size_t>(at)] = groups[static_cast<std::size_t>(i)];
  }
  out = {};
  for (std::size_t i = 0; i < 4; ++i) {
    out.high = out.high << 16 | all[i];
    out.low = out.low << 16 | all[i + 4];
  }
  return true;
}

/// "IN IP4 192.0.2.1", "IN IP6 2001:db8::1".
bool parse_connection(std::string_view value, ip_address& out) noexcept {
  if (take_word(value) != "IN") return false;
  const std::string_view family = take_word(value), address = take_word(value);
  return family == "IP4" ? parse_ipv4(address, out) : family == "IP6" && parse_ipv6(address, out);
}

codec named_codec(std::string_view name) noexcept {
  constexpr struct {
    std::string_view name;
    codec what;
  } table[] = {{"PCMU", codec::pcmu}, {"PCMA", codec::pcma}, {"G722", codec::g722},
               {"G729", codec::g729}, {"G723", codec::g723}, {"GSM", codec::gsm},
               {"ILBC", codec::ilbc}, {"AMR", codec::amr},   {"AMR-WB", codec::amr_wb},
               {"EVS", codec::evs},   {"OPUS", codec::opus}, {"SPEEX", codec::speex}};
  for (const auto& row : table) {
    if (name.size() == row.name.size() &&
        std::equal(name.begin(), name.end(), row.name.begin(),
                   [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; })) {
      return row.what;
    }
  }
  return codec::unknown;
}

struct media_line {
  dialog_notice::media_endpoint end;
  int payload_type = -1;  // first of the line
  bool open = false;
};

/// "audio 49170/2 RTP/AVP 0 8 97"
bool parse_media(std::string_view value, const ip_address& session, media_line& out) noexcept {
  const std::string_view kind = take_word(value), port = take_word(value);
  take_word(value);
  const std::string_view first = take_word(value);
  out = {};
  out.end.address = session;
  out.end.role = kind == "audio"   ? flow_role::voice
                 : kind == "video" ? flow_role::video
                                   : flow_role::other;
  if (kind != "audio" && kind != "video" && kind != "image") return false;
  std::from_chars(port.data(), port.data() + port.size(), out.end.port);
  std::from_chars(first.data(), first.data() + first.size(), out.payload_type);
  if (kind == "audio" && out.payload_type >= 0 && out.payload_type < 96) {
    out.end.voice_codec = static_codec(static_cast<std::uint8_t>(out.payload_type));
  }
  out.open = out.end.port != 0;  // RFC 3264 section 6: port 0 refuses the stream
  return out.open;
}

}  // namespace

int parse_sdp(std::string_view body, std::array<dialog_notice::media_endpoint, 4>& out) noexcept {
  ip_address session;
  media_line line;
  int count = 0;
  const auto keep = [&] {
    if (line.open && line.end.address != ip_address{} && count < 4)
      out[static_cast<std::size_t>(count++)] = line.end;
    line.open = false;
  };
  bool in_media = false;
  for (int i = 0; i < lines_max && !body.empty(); ++i) {
    const std::string_view text = take_line(body);
    if (text.size() < 3 || text[1] != '=') continue;
    std::string_view value = text.substr(2);
    if (text[0] == 'm') {
      keep();
      in_media = true;
      parse_media(value, session, line);
    } else if (text[0] == 'c') {
      ip_address address;
      if (!parse_connection(value, address)) continue;
      (in_media ? line.end.address : session) = address;
    } else if (value.starts_with("rtpmap:") && line.open && line.end.role == flow_role::voice) {
      value.remove_prefix(7);
      const std::string_view number = take_word(value), name = take_word(value);
      int type = -1;
      std::from_chars(number.data(), number.data() + number.size(), type);
      if (type == line.payload_type)
        line.end.voice_codec = named_codec(name.substr(0, name.find('/')));
    }
  }
  keep();
  return count;
}

}  // namespace callweir::classify
