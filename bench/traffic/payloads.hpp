// Payloads of well-known protocols, written by their standards, for synthetic traffic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace callweir::bench {

using payload = std::vector<std::uint8_t>;

/// A TLS 1.3 ClientHello record (RFC 8446 section 4.1.2) that names `server` (RFC 6066 section 3).
payload tls_client_hello(std::string_view server);
/// ServerHello, ChangeCipherSpec and the beginning of what is encrypted.
payload tls_server_hello();
/// An application data record of `bytes` in all.
payload tls_data(std::size_t bytes);

/// The datagram of 1,200 bytes that opens a QUIC version 1 connection: an Initial packet with a
/// ClientHello, protected as RFC 9001 section 5 asks, so that whoever knows the standard can read
/// it. Throws std::runtime_error when the crypto library fails.
payload quic_initial(std::string_view server);
/// The server's first datagram; its inside is not readable.
payload quic_server_initial();
/// A short-header packet.
payload quic_data(std::size_t bytes);

payload dns_question(std::string_view name);
payload dns_answer(std::string_view name);

/// An ICE check with its attributes (RFC 8445 section 7.1), or the answer to it.
payload stun_check(bool answer);
/// Opus over RTP (RFC 3550, RFC 7587): sequence, time stamp and source are the caller's to set, at
/// offsets 2, 4 and 8.
payload rtp_opus(std::size_t bytes);

}  // namespace callweir::bench
