// Why a verdict is what it is: one table gives each reason its enum, its bit in verdict::reasons
// and its sentence for people. Detectors set bits; `explain` and the records print sentences.
#pragma once

#include <cstdint>
#include <string_view>

namespace callweir::classify {

// X(enumerator, sentence). The position is the bit; at most 64. Sentences name what was observed on
// the wire.
#define CALLWEIR_REASONS(X)                                                                      \
  X(rtp_sequence, "RTP headers with one SSRC and sequence numbers that go up one by one")        \
  X(rtp_timestamps, "RTP time stamps that advance with the clock of an audio or video codec")    \
  X(rtp_payload_type, "RTP payload type and packet size belong to a known voice or video codec") \
  X(rtcp_reports, "RTCP reports about the same SSRC")                                            \
  X(srtp_after_dtls, "a DTLS handshake with SRTP, then media in the same flow")                  \
  X(dtls_handshake, "a DTLS handshake in a flow that does ICE")                                  \
  X(stun_binding, "STUN binding requests and answers")                                           \
  X(ice_checks, "ICE connectivity checks with a user-name fragment pair")                        \
  X(turn_relay, "a TURN allocation or channel relays it")                                        \
  X(stun_vendor, "STUN attributes or forms that belong to one vendor's calls")                   \
  X(vendor_framing, "the published framing of one vendor's media and its echoed keep-alives")    \
  X(stun_keepalives, "STUN consent checks and keep-alives at a call's rhythm")                   \
  X(sip_signalling, "SIP requests and answers in clear")                                         \
  X(sdp_announced, "SIP with SDP announced this address and port for media")                     \
  X(h323_signalling, "H.323 signalling: Q.931, RAS or H.245")                                    \
  X(mgcp_signalling, "MGCP or Megaco gateway control")                                           \
  X(skinny_signalling, "Skinny (SCCP) signalling of a Cisco telephone")                          \
  X(emergency_number, "SIP to an emergency number or urn:service:sos")                           \
  X(emergency_peer, "a configured emergency peer takes part")                                    \
  X(voice_sizes,                                                                                 \
    "packet sizes of a voice codec: small, of one or few lengths, or spread as speech does")     \
  X(voice_rhythm, "packets leave at the frame interval of a voice codec")                        \
  X(voice_symmetry, "both directions send at about the same rate, as people in a talk do")       \
  X(talk_spurts, "activity alternates between the directions in talk-spurts")                    \
  X(random_payload, "the payload is encrypted from its first bytes on")                          \
  X(varying_header, "some header bytes count or stay while all others are random")               \
  X(video_pattern, "bursts of large packets at a frame rate: video")                             \
  X(unidirectional_media, "a steady stream in one direction only, and answers at a low rate")    \
  X(tcp_cadence, "small encrypted records at a voice codec's frame interval over TCP")           \
  X(skype_probe, "sizes and function nibbles of a classic Skype probe and its answers")          \
  X(skype_media, "the classic Skype header in front of media")                                   \
  X(skype_endpoint,                                                                              \
    "the inside address and port probes many peers as a classic Skype client does")              \
  X(tox_packets, "packet kinds and lengths of the Tox protocol")                                 \
  X(overlay_fanout, "the inside address and port talks to many peers with one protocol")         \
  X(relay_correlation, "what comes in leaves to another peer at once: a relay")                  \
  X(same_call, "it belongs to a call that was recognised by another of its flows")               \
  X(same_endpoint, "it shares its address and port with a flow that was recognised")             \
  X(ndpi_content, "nDPI recognised the protocol by its content")                                 \
  X(ndpi_guess, "nDPI guessed the protocol by address or port")                                  \
  X(ndpi_call, "nDPI names a calling application")                                               \
  X(known_service_port, "first packet and port of a well-known service")                         \
  X(not_telephony, "its content is of a protocol that carries no calls")                         \
  X(bulk_transfer, "it sends as fast as it can: a transfer")                                     \
  X(too_few_packets, "too few packets to say more")                                              \
  X(not_inspected, "not inspected: neither port, size nor protocol can carry a call")            \
  X(inspection_shed, "not inspected: there was no time or no room")                              \
  X(game_or_tunnel, "rhythm or header of a game, a VPN or a tunnel")                             \
  X(streaming, "one-way streaming or broadcast, which is no telephony")                          \
  X(iax_frames, "IAX2 frames of one call number whose time goes up")

enum class reason : std::uint8_t {
#define CALLWEIR_REASON(name, sentence) name,
  CALLWEIR_REASONS(CALLWEIR_REASON)
#undef CALLWEIR_REASON
};

#define CALLWEIR_REASON(name, sentence) +1
constexpr int reason_count = 0 CALLWEIR_REASONS(CALLWEIR_REASON);
#undef CALLWEIR_REASON
static_assert(reason_count <= 64);

/// The bit of a reason in verdict::reasons. Or them together: bit(reason::a) | bit(reason::b).
constexpr std::uint64_t bit(reason r) {
  return std::uint64_t{1} << static_cast<int>(r);
}

/// Short name ("rtp_sequence") and sentence.
std::string_view reason_name(reason r);
std::string_view reason_sentence(reason r);

}  // namespace callweir::classify
