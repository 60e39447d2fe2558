// The peer-to-peer Skype of before 2014 and what still speaks it: its directory probes, seen at the
// inside endpoint (address and UDP port) that sends them to many peers.
//
// A probe is: message id (2 bytes, counts up over all peers), function (low nibble 2: payload),
// initialisation vector (4), CRC (4), RC4 text (Baset and Schulzrinne 2004; Biondi and Desclaux
// 2006; Bonfiglio et al., SIGCOMM 2007; sizes U1 to U4 there and in Adami et al. 2009). Answers: 11
// bytes (function nibble 7 or 5, addresses: a NAT check), 18 (accept), 26, 51 or 53 (reject).
#pragma once

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

/// Form of one datagram. `probe`: may open a flow; `answer`: may answer one.
enum class skype_form : std::uint8_t { none, probe, answer, data };
skype_form recognise_skype(const sample& s) noexcept;

/// One inside endpoint over many flows. Sets are linear counters of 64 bits: good to about 60.
struct skype_endpoint {
  std::uint64_t peers = 0, ports = 0;    // of first packets with a probe's form
  std::uint64_t vectors = 0, sizes = 0;  // of the probes
  std::uint16_t probes = 0, others = 0;  // first packets of flows, with the form and without
  std::uint16_t ordered = 0;             // probes whose id follows the one before closely
  std::uint16_t last_id = 0;
  std::uint16_t answers = 0;
  bool named = false;  // the endpoint event was sent

  /// First packet of a flow that the endpoint opened.
  void observe_first(const sample& s, std::uint64_t peer_hash, std::uint16_t peer_port) noexcept;
  void observe_answer(const sample& s) noexcept;
  /// Percent sure that this is Skype: 0 below the evidence that tells it from chance.
  int confidence() const noexcept;
};

}  // namespace callweir::classify
