// One sequence of frames through every way that decodes: the decoder as workers call it, its
// careful walk alone (which the fast path must not differ from), and the plain one of
// tests/support.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/capture_file.hpp"
#include "capture/decode.hpp"
#include "capture/frame_walk.hpp"
#include "tests/fuzz/byte_source.hpp"
#include "tests/support/reference_decoder.hpp"

namespace callweir::test {

class decoder_comparison {
 public:
  /// Made once, since that costs more than an input. Each input comes a time-out later: fragments
  /// of earlier ones are too old to be found, and the first to be given up.
  void begin_input() {
    now_ = now_ + (capture::fragment_cache::time_out + nanoseconds(1));
    plain_ = {};
  }

  /// `beyond`: bytes of the frame that were on the wire and not captured.
  void frame(const std::uint8_t* data, std::size_t length, std::uint32_t beyond,
             std::uint16_t link_type) {
    const exact_block bytes(data, length);
    packet_view one;
    one.frame = bytes.data();
    one.captured = static_cast<std::uint32_t>(length);
    one.wire = one.captured + beyond;
    one.time = now_;
    packet_view other = one;
    one = used_before(one);
    packet_view third = one;
    fast_.decode_frame(one, link_type);
    plain_.decode(other, link_type);
    check_bounds(one);
    expect_same("fast and plain decoder differ", one, other);
    if (link_type == link_ethernet) {
      packet_view burst[2] = {third, third};
      fast_burst_.decode_burst({burst, 1});
      expect_same("decoding a burst differs", one, burst[0]);
    }
    capture::frame_walk walk(third, fragments_);
    third.status = walk.link(link_type);
    expect_same("fast path and careful walk differ", one, third);
  }

 private:
  /// As a view that decoded another frame before: whatever decoding forgets to set shows.
  static packet_view used_before(packet_view view) {
    view.source = view.destination = {~0ULL, ~0ULL};
    view.source_port = view.destination_port = 0xffff;
    view.protocol = 0xff;
    view.tunnel = tunnel_kind::capwap;
    view.vlan_count = 2;
    view.vlan[0] = view.vlan[1] = 0xfff;
    view.l3_offset = view.l4_offset = view.payload_offset = 0xffff;
    view.payload_captured = view.payload_bytes = view.l3_bytes = 0xffff;
    view.tcp_flags = 0xff;
    view.tcp_sequence = ~0u;
    view.fragment = view.later_fragment = true;
    return view;
  }

  [[noreturn]] static void complain(const char* what, const std::string& detail = {}) {
    std::fprintf(stderr, "%s: %s\n", what, detail.c_str());
    std::abort();
  }

  static void expect_same(const char* what, const packet_view& one, const packet_view& other) {
    const std::string differs = difference(one, other);
    if (!differs.empty()) complain(what, differs);
  }

  static void check_bounds(const packet_view& packet) {
    if (packet.payload_offset > packet.captured) complain("payload begins beyond the frame");
    if (packet.payload_captured > packet.captured - packet.payload_offset)
      complain("payload ends beyond the frame");
    if (packet.payload_captured > packet.payload_bytes) complain("more captured than there was");
    if (packet.vlan_count > 2) complain("more tags than are kept");
  }

  capture::decoder fast_{{}, {7, 11}};
  capture::decoder fast_burst_{{}, {7, 11}};
  capture::fragment_cache fragments_{{7, 11}};
  reference_decoder plain_;
  time_point now_;
};

}  // namespace callweir::test
