// RTP, RTCP, vendor framings, IAX2, Tox, innocents and rhythm over a chain of packets, the two
// readers of RTP headers (classification and measurement) against each other and a plain one, and
// the measurement over all of it. Input: packets, a length before each.
#include <cmath>
#include <cstdlib>

#include "base/applications.hpp"
#include "classify/detectors/gateway_control.hpp"
#include "classify/detectors/iax.hpp"
#include "classify/detectors/innocent.hpp"
#include "classify/detectors/rtp.hpp"
#include "classify/detectors/skype_classic.hpp"
#include "classify/detectors/stun.hpp"
#include "classify/detectors/tox.hpp"
#include "classify/detectors/vendor_framing.hpp"
#include "classify/detectors/voice_rhythm.hpp"
#include "classify/media_monitor.hpp"
#include "tests/fuzz/byte_source.hpp"

namespace {

using namespace callweir;
using classify::sample;

void demand(bool holds) {
  if (!holds) std::abort();
}

/// Bytes before the payload by RFC 3550 section 5.1; 0 where the packet is no RTP or its header is
/// not all there.
std::size_t plain_header_bytes(const sample& s) {
  if (s.captured < 12 || s.data[0] / 64 != 2) return 0;
  std::size_t bytes = 12 + s.data[0] % 16 * std::size_t{4};
  if (s.data[0] / 16 % 2 == 1) {
    if (s.captured < bytes + 4) return 0;
    bytes += 4 + (s.data[bytes + 2] * std::size_t{256} + s.data[bytes + 3]) * 4;
  }
  return bytes <= s.bytes ? bytes : 0;
}

packet_view view_of(const sample& s) {
  packet_view p;
  p.frame = s.data;
  p.captured = s.captured;
  p.wire = s.bytes;
  p.time = s.time;
  p.status = decode_status::ok;
  p.protocol = proto_udp;
  p.payload_captured = s.captured;
  p.payload_bytes = s.bytes;
  return p;
}

void compare_readers(const sample& s) {
  classify::rtp_header h;
  const bool is_rtp = classify::parse_rtp(s, h);
  const std::size_t header = plain_header_bytes(s);
  const bool rtcp_type = s.captured > 1 && s.data[1] % 128 >= 64 && s.data[1] % 128 <= 95;
  demand(is_rtp == (header > 0 && !rtcp_type));
  const classify::media_payload m = classify::read_media_payload(view_of(s));
  demand(m.bytes <= s.bytes && m.after_header <= m.bytes);
  if (!is_rtp) return;
  demand(h.header_bytes == header && h.payload_bytes == s.bytes - header);
  if (m.kind != classify::payload_kind::rtp) return;
  demand(m.sequence == h.sequence && m.timestamp == h.timestamp && m.ssrc == h.ssrc);
  demand(m.payload_type == h.payload_type && m.marker == h.marker);
  demand(m.after_header == h.payload_bytes);
}

/// All that looks at a flow's packets one after the other.
class listeners {
 public:
  listeners() {
    verdict what;
    what.voip = true;
    what.role = flow_role::media;
    monitor_.begin(what, classify::codec::unknown, {});
  }

  void observe(const sample& s, int number) {
    rtp_.observe_rtp(s, static_cast<std::int32_t>(s.time.ns / 1'000'000));
    rtp_.observe_rtcp(s);
    const auto frame = classify::recognise_vendor(s, number % 2 == 0);
    demand(!frame.media || frame.inner_offset <= s.captured);
    vendor_.observe(frame, s);
    innocent_.observe(s, 1000, number % 3 == 0 ? 1194 : 4433);
    iax_.observe(s, number % 2 == 0);
    tox_.observe(s, number % 2 == 0);
    demand(tox_.confidence() <= 97);
    rhythm_.observe(s);
    if (rhythm_.due()) demand(rhythm_.confidence() <= 95);
    skype_.observe_first(s, static_cast<std::uint64_t>(number), 1);
    skype_.observe_answer(s);
    demand(skype_.confidence() >= 0 && skype_.confidence() <= 100);
    classify::recognise_gateway(s, number % 2 == 0, 2427, 2000);
    classify::is_service(s, number % 2 == 0 ? 53 : 123, 40'000);
    take_samples(s.time);
    monitor_.observe(view_of(s), s.way, spares_);
  }

  void end(time_point now) {
    rtp_.role();
    innocent_.verdict();
    take_samples(now + std::chrono::seconds(1));
  }

 private:
  void take_samples(time_point now) {
    classify::media_sample sample;
    for (int i = 0; i < 8 && monitor_.sample(now, spares_, sample); ++i) {
      for (const classify::media_direction& way : sample.way) {
        demand(std::isfinite(way.jitter_ms) && way.jitter_ms >= 0);
        demand(way.late <= way.packets);
        demand(way.loss_known || way.expected == way.packets);
      }
    }
  }

  classify::rtp_detector rtp_;
  classify::vendor_detector vendor_;
  classify::innocent_detector innocent_;
  classify::voice_rhythm rhythm_;
  classify::skype_endpoint skype_;
  classify::iax_detector iax_;
  classify::tox_detector tox_;
  classify::media_monitor monitor_;
  classify::spare_streams spares_{8, false};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int packets_max = 200;
  constexpr std::int64_t step_ns = 20'000'000;
  test::byte_source in(data, size);
  listeners all;
  std::int64_t now = 0;
  for (int i = 0; i < packets_max && in.left() > 0; ++i, now += step_ns) {
    const test::exact_block packet = in.take(in.next_length());
    const auto captured = static_cast<std::uint16_t>(packet.size());
    const sample s{packet.data(),
                   captured,
                   static_cast<std::uint16_t>(captured + (i % 7 == 0 ? 40 : 0)),
                   static_cast<direction>(i & 1),
                   {now}};
    compare_readers(s);
    all.observe(s, i);
  }
  all.end({now});
  return 0;
}
