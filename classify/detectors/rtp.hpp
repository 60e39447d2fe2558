// RTP (RFC 3550), its payload types (RFC 3551), header extensions (RFC 8285), RTCP beside it (RFC
// 5761) and both encrypted (RFC 3711, RFC 7714: headers stay in clear).
#pragma once

#include <array>

#include "classify/detectors/sample.hpp"
#include "classify/flow_event.hpp"
#include "classify/payload_types.hpp"

namespace callweir::classify {

struct rtp_header {
  std::uint32_t ssrc = 0, timestamp = 0;
  std::uint16_t sequence = 0;
  std::uint8_t payload_type = 0;
  bool marker = false, extension = false;
  std::uint16_t header_bytes = 0;   // with CSRCs and extension
  std::uint16_t payload_bytes = 0;  // what follows, padding and authentication tag included
};
/// False unless version, CSRC count and extension fit the packet (RFC 3550 A.1).
bool parse_rtp(const sample& s, rtp_header& out) noexcept;

/// One source in one direction.
struct rtp_source {
  std::uint32_t ssrc = 0, timestamp = 0, first_timestamp = 0;
  std::int32_t first_ms = 0, last_ms = 0;  // since the flow's first packet
  std::uint16_t sequence = 0;
  std::uint16_t packets = 0;
  std::uint16_t good = 0, bad = 0;   // successors that follow, and that do not
  std::uint16_t ones = 0;            // of the good: exactly the next sequence number
  std::uint16_t same_timestamp = 0;  // successors of the same frame: video
  std::uint32_t payload_bytes = 0;
  std::uint8_t payload_type = 0, way = 0;
  bool used = false, extension = false, constant_timestamp = true;

  /// One SSRC whose sequence numbers go up, mostly one by one.
  bool plausible() const noexcept { return good >= 3 && bad * 5 <= good && ones * 2 >= good; }
  /// And whose time stamps advance, too.
  bool confirmed() const noexcept { return plausible() && !constant_timestamp; }
  /// Time stamps advance with a clock: RFC 3551 section 4.1 has 8 to 96 kHz, RFC 4103 1 kHz.
  bool clocked() const noexcept;
  bool video() const noexcept;
};

struct rtp_detector {
  static constexpr int streams_max = 6;
  std::array<rtp_source, streams_max> streams{};
  std::uint8_t rtcp[2] = {0, 0};       // valid RTCP packets, by direction
  std::uint8_t reports[2] = {0, 0};    // of those: sender reports
  std::uint8_t rtcp_same[2] = {0, 0};  // of those: same sender as the one before
  std::uint32_t rtcp_sender[2] = {0, 0};
  std::uint16_t unlike = 0;        // version 2 but no RTP that follows any stream
  bool rtcp_matches = false;       // an RTCP sender is an RTP stream's SSRC
  std::uint8_t srtcp_indices = 0;  // SRTCP: E bit and a small index behind the report

  /// `ms`: since the flow's first packet.
  bool observe_rtp(const sample& s, std::int32_t ms) noexcept;
  bool observe_rtcp(const sample& s) noexcept;

  int confirmed(direction way) const noexcept;
  int plausible() const noexcept;
  bool rtcp_encrypted() const noexcept { return srtcp_indices >= 2; }
  /// Media in one direction only, whose receiver reports by SRTCP: a conference that is listened
  /// to. Streams that are only watched are not encrypted so.
  bool listened() const noexcept {
    return rtcp_encrypted() && ((confirmed(forward) > 0 && rtcp[backward] >= 2) ||
                                (confirmed(backward) > 0 && rtcp[forward] >= 2));
  }
  /// Both directions hold together over many packets.
  bool long_two_way() const noexcept;
  int confirmed() const noexcept { return confirmed(forward) + confirmed(backward); }
  bool two_way() const noexcept { return confirmed(forward) > 0 && confirmed(backward) > 0; }
  /// Voice, video or media (both) of the confirmed streams; unknown without any.
  flow_role role() const noexcept;
  /// The strongest confirmed stream; nullptr without any.
  const rtp_source* best() const noexcept;
  /// Reports go both ways, each from one sender: a session (RFC 3550 section 6).
  bool rtcp_session() const noexcept { return rtcp_same[0] >= 2 && rtcp_same[1] >= 2; }
  bool both_send() const noexcept { return reports[0] > 0 && reports[1] > 0; }
};

}  // namespace callweir::classify
