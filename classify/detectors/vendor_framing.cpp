#include "classify/detectors/vendor_framing.hpp"

#include "classify/detectors/rtp.hpp"

namespace callweir::classify {
namespace {

/// Media encapsulation of Zoom (IMC 2022, table 2): type byte, and how far behind it RTP or RTCP
/// starts: 13 screen, 15 audio, 16 video, 33 and 34 RTCP.
bool zoom_media(const sample& s, std::uint32_t at, vendor_frame& out) noexcept {
  if (at + 12 > s.captured) return false;
  std::uint32_t header = 0;
  switch (s.data[at]) {
    case 13:
      header = 27;
      break;
    case 15:
      header = 19;
      break;
    case 16:
      header = 24;
      break;
    case 33:
    case 34:
      header = 16;
      out.rtcp = true;
      break;
    default:
      return false;
  }
  const std::uint32_t inner = at + header;
  if (inner + 8 > s.captured || (s.data[inner] >> 6) != 2) return false;
  if (out.rtcp != (s.data[inner + 1] >= 200 && s.data[inner + 1] <= 207)) return false;
  out.video = s.data[at] == 16 || s.data[at] == 13;
  out.media = true;
  out.inner_offset = static_cast<std::uint16_t>(inner);
  return true;
}

}  // namespace

vendor_frame recognise_vendor(const sample& s, bool zoom_port) noexcept {
  vendor_frame out;
  if (s.captured >= 8 && std::memcmp(s.data, "TS3INIT1", 8) == 0) {
    out.who = vendor::teamspeak;
    return out;
  }
  // Discord: type 1 or 2, length 70, SSRC, 64 bytes of text address, port.
  if (s.bytes == 74 && s.captured >= 74 && s.data[0] == 0 && (s.data[1] == 1 || s.data[1] == 2) &&
      be16(s.data + 2) == 70 && s.data[71] == 0) {
    out.who = vendor::discord;
    return out;
  }
  // Zoom through its server: type 5 is media, then the encapsulation 8 bytes on; between peers the
  // encapsulation comes first.
  if (zoom_port && s.captured >= 9 && s.data[0] == 5 && zoom_media(s, 8, out)) {
    out.who = vendor::zoom;
  } else if (s.captured >= 30 && zoom_media(s, 0, out)) {
    // Without the server's header the first byte alone is weak: RTP behind it has to confirm.
    out.who = vendor::none;
  } else if (zoom_port && s.captured >= 5 && s.data[0] >= 1 && s.data[0] <= 7) {
    out.who = vendor::zoom;
  }
  if (out.who == vendor::zoom) out.type = s.data[0];
  return out;
}

/// TeamSpeak 3: authentication of 8 bytes, packet id, from the client its id, then flags and type
/// (low nibble; 0 voice, 1 whisper).
void vendor_detector::observe_teamspeak(const sample& s) noexcept {
  const std::uint32_t type_at = s.way == client ? 12 : 10;
  if (s.captured <= type_at + 3 || (s.data[type_at] & 0xf) > 1) return;
  const std::uint16_t id = be16(s.data + 8);
  const auto step = static_cast<std::uint16_t>(id - voice_id[s.way]);
  if (step >= 1 && step <= 64) count_up(voice[s.way]);
  voice_id[s.way] = id;
}

void vendor_detector::observe(const vendor_frame& frame, const sample& s) noexcept {
  if (who == vendor::teamspeak && frame.who == vendor::none) observe_teamspeak(s);
  if (frame.who == vendor::none) return;
  if (frame.who == vendor::teamspeak) {
    // The client's first words have its id in front of the type, "unencrypted, first words".
    if (s.captured > 12 && s.data[12] == 0x88) client = s.way;
    greeted[s.way] = true;
  }
  who = frame.who;
  const direction way = s.way;
  count_up(frames[way]);
  if (frame.media) count_up(media[way]);
  if (frame.video) count_up(video);
  if (frame.type == 5) count_up(channel);
  if ((frame.type == 3 || frame.type == 4) && s.captured >= 9) {
    // A counter and a time, which the other side sends back.
    const auto body = static_cast<std::uint32_t>(hash_bytes(s.data + 1, 8)) | 1;
    if (frame.type == 3)
      asked[way] = body;
    else if (asked[reverse(way)] == body)
      count_up(echoes);
  }
}

}  // namespace callweir::classify
