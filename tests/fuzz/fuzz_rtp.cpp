// RTP, RTCP, vendor framings, IAX2, Tox, innocents and rhythm over a chain of packets: a length
// byte before each.
#include "classify/detectors/gateway_control.hpp"
#include "classify/detectors/iax.hpp"
#include "classify/detectors/innocent.hpp"
#include "classify/detectors/rtp.hpp"
#include "classify/detectors/skype_classic.hpp"
#include "classify/detectors/tox.hpp"
#include "classify/detectors/vendor_framing.hpp"
#include "classify/detectors/voice_rhythm.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callweir;
  classify::rtp_detector rtp;
  classify::vendor_detector vendor;
  classify::innocent_detector innocent;
  classify::voice_rhythm rhythm;
  classify::skype_endpoint skype;
  classify::iax_detector iax;
  classify::tox_detector tox;
  std::int64_t now = 0;
  for (int i = 0; i < 200 && size > 0; ++i) {
    const auto take = static_cast<std::uint16_t>(data[0] < size ? data[0] : size - 1);
    const classify::sample s{data + 1,
                             take,
                             static_cast<std::uint16_t>(take + (i % 7 == 0 ? 40 : 0)),
                             static_cast<direction>(i & 1),
                             {now}};
    now += 20'000'000;
    rtp.observe_rtp(s, static_cast<std::int32_t>(now / 1'000'000));
    rtp.observe_rtcp(s);
    const auto frame = classify::recognise_vendor(s, true);
    if (frame.media && frame.inner_offset > s.captured) __builtin_trap();
    vendor.observe(frame, s);
    innocent.observe(s, 1000, i % 3 == 0 ? 1194 : 4433);
    iax.observe(s, i % 2 == 0);
    tox.observe(s, i % 2 == 0);
    if (tox.confidence() > 97) __builtin_trap();
    rhythm.observe(s);
    if (rhythm.due()) rhythm.confidence();
    skype.observe_first(s, static_cast<std::uint64_t>(i), 1);
    classify::recognise_gateway(s, i % 2 == 0, 2427, 2000);
    data += take + 1u;
    size -= take + 1u;
  }
  rtp.role();
  innocent.verdict();
  return 0;
}
