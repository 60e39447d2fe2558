#include "classify/detectors/gateway_control.hpp"

#include <algorithm>
#include <string_view>

namespace callweir::classify {
namespace {

bool on_port(std::uint16_t a, std::uint16_t b, std::uint16_t port) noexcept {
  return a == port || b == port;
}

/// Object identifiers of H.225.0 {itu-t recommendation h 2250 0} and H.245 {… h 245 0} in PER.
bool has_h323_identifier(const sample& s) noexcept {
  constexpr std::uint8_t h225[] = {0x06, 0x00, 0x08, 0x91, 0x4a, 0x00};
  constexpr std::uint8_t h245[] = {0x06, 0x00, 0x08, 0x81, 0x75, 0x00};
  const std::uint8_t* end = s.data + std::min<int>(s.captured, 200);
  return std::search(s.data, end, std::begin(h225), std::end(h225)) != end ||
         std::search(s.data, end, std::begin(h245), std::end(h245)) != end;
}

/// TPKT (RFC 1006) with Q.931 inside (H.225.0 section 7: discriminator 8, two octets of call
/// reference).
bool is_call_signalling(const sample& s) noexcept {
  if (s.captured < 10 || s.data[0] != 3 || s.data[1] != 0) return false;
  const std::uint16_t length = be16(s.data + 2);
  if (length < 9 || length > s.bytes) return false;
  if (s.data[4] != 0x08 || s.data[5] != 0x02) return false;
  constexpr std::uint8_t types[] = {0x01, 0x02, 0x03, 0x05, 0x07, 0x0d,
                                    0x0f, 0x5a, 0x62, 0x6e, 0x7b, 0x7d};
  return std::find(std::begin(types), std::end(types), s.data[8]) != std::end(types);
}

/// "CRCX 1204 aaln/1@gw.example.net MGCP 1.0" (RFC 3435 section 3.2.2).
bool is_mgcp(std::string_view text, bool on_its_port) noexcept {
  constexpr std::string_view verbs[] = {"EPCF", "CRCX", "MDCX", "DLCX", "RQNT",
                                        "NTFY", "AUEP", "AUCX", "RSIP", "MESG"};
  // A verb, or a code of three digits, and a blank: nearly all other packets end here.
  if (text.size() < 6 || (text[4] != ' ' && text[3] != ' ')) return false;
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  if (line.size() > 5 && line[4] == ' ' &&
      std::find(std::begin(verbs), std::end(verbs), line.substr(0, 4)) != std::end(verbs)) {
    return line.find(" MGCP ") != std::string_view::npos;
  }
  // A response: "200 1204 OK", to be believed on the protocol's ports only.
  const auto digit = [&](std::size_t i) {
    return line.size() > i && line[i] >= '0' && line[i] <= '9';
  };
  return on_its_port && digit(0) && digit(1) && digit(2) && line[3] == ' ' && digit(4);
}

/// Text form "MEGACO/1 [" or "!/1 <" (RFC 3525 B.2: token, slash, one or two digits, a separator,
/// the sender's address or name); binary form is left to nDPI. Two bytes and a bracket somewhere
/// are too little: one noisy datagram in 600,000 has them.
bool is_megaco(std::string_view text) noexcept {
  const std::size_t token = text.starts_with("MEGACO/") ? 7 : text.starts_with("!/") ? 2 : 0;
  if (token == 0) return false;
  text.remove_prefix(token);
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits > 2) return false;  // also where nothing follows
  text.remove_prefix(digits);
  const std::size_t sender = text.find_first_not_of(" \t\r\n");
  return sender != 0 && sender != std::string_view::npos &&
         (text[sender] == '[' || text[sender] == '<');
}

/// Length, header version, message id, all little endian; the length counts from the id on.
bool is_skinny(const sample& s) noexcept {
  if (s.captured < 12) return false;
  const std::uint32_t length = le32(s.data), version = le32(s.data + 4), id = le32(s.data + 8);
  return length >= 4 && length <= 2000 && length + 8 <= s.bytes && version <= 0x20 && id < 0x200;
}

}  // namespace

gateway_protocol recognise_gateway(const sample& s, bool tcp, std::uint16_t a,
                                   std::uint16_t b) noexcept {
  if (s.captured < 5) return gateway_protocol::none;
  const std::string_view text(reinterpret_cast<const char*>(s.data), s.captured);
  if (tcp) {
    if (is_call_signalling(s)) return gateway_protocol::h323;
    if (s.data[0] == 3 && s.data[1] == 0 && has_h323_identifier(s)) return gateway_protocol::h323;
    if (on_port(a, b, 2000) && is_skinny(s)) return gateway_protocol::skinny;
    return gateway_protocol::none;
  }
  if ((on_port(a, b, 1719) || on_port(a, b, 1718)) && has_h323_identifier(s))
    return gateway_protocol::h323;
  if (is_mgcp(text, on_port(a, b, 2427) || on_port(a, b, 2727))) return gateway_protocol::mgcp;
  if (is_megaco(text)) return gateway_protocol::megaco;
  return gateway_protocol::none;
}

}  // namespace callweir::classify
