// DTLS records (RFC 6347, RFC 9147) and the use_srtp extension (RFC 5764).
#pragma once

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

struct dtls_detector {
  std::uint8_t records[2] = {0, 0};      // datagrams of valid records, by direction
  std::uint8_t application[2] = {0, 0};  // of those, application data
  bool client_hello = false, server_hello = false;
  bool srtp_offered = false, srtp_chosen = false;

  /// False: this is no DTLS record.
  bool observe(const sample& s) noexcept;
};

}  // namespace callweir::classify
