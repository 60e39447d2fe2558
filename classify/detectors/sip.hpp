// SIP (RFC 3261) with its SDP (RFC 8866), in clear over UDP or TCP on any port.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "classify/detectors/sample.hpp"
#include "classify/flow_event.hpp"

namespace callweir::classify {

/// What one message says. Views point into the packet.
struct sip_message {
  bool request = false;
  std::uint16_t status = 0;  // of a response
  std::string_view method;   // of the request, or by CSeq of the response
  std::string_view uri;      // of the request
  std::string_view call_id, to;
  std::string_view body;  // SDP, from "v=0" on; "" where there is none
};

/// True for a SIP request or response at the start of `text` (RFC 3261 section 7): request line
/// "METHOD uri SIP/2.0" or "SIP/2.0 200 …". Header fields in long and compact form, folded lines.
bool parse_sip(std::string_view text, sip_message& out) noexcept;

/// The first line of `text` is a request's or a response's: cheap, for what may be anything.
bool begins_sip(std::string_view text) noexcept;

/// Media addresses of an SDP body: c= of the session or of the media, m= lines of audio, video and
/// image with a port. Codec of the first payload type that is known statically or by a=rtpmap.
/// Returns how many were written.
int parse_sdp(std::string_view body, std::array<dialog_notice::media_endpoint, 4>& out) noexcept;

/// The user part of a SIP or tel URI ("sip:112@example.org;user=phone" gives "112"), or a service
/// URN as it is.
std::string_view dialled(std::string_view uri) noexcept;
/// urn:service:sos and below (RFC 5031), or one of `numbers` as dialled; '-', '.', ' ' and '(' ')'
/// of a written number do not count.
bool is_emergency(std::string_view uri, const std::vector<std::string>& numbers) noexcept;

}  // namespace callweir::classify
