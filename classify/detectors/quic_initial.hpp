// The server's name in the first packet of QUIC (RFC 9001): its keys follow from what it says in
// clear, so that anybody on the way can open it. nDPI can, too; but with a library of ciphers whose
// code is cold when such a packet comes, it took 40 to 200 us for most.
#pragma once

#include <array>
#include <bitset>
#include <string_view>

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

/// Whether a datagram begins with an Initial packet of version 1 (RFC 9000 section 17.2.2) whose
/// lengths fit, in a datagram of the size that clients must give it. The server's looks the same.
bool is_quic_initial(const sample& s) noexcept;

/// Opens Initial packets, one after the other; 4 KiB. Single thread, no allocation.
class quic_opener {
 public:
  /// The host name that the client asks for (RFC 6066 section 3), in lower case; empty when the
  /// packet is another's than the client's first, or cut, or says no name in this packet. Valid
  /// until the next call. What is not authentic is not found out: the tag is not checked.
  std::string_view server_name(const sample& s) noexcept;
  /// Whether a client's hello began in that packet and was not all there.
  bool hello_goes_on() const noexcept;

 private:
  static constexpr std::size_t bytes_max = 2'048;

  void gather(std::size_t opened) noexcept;
  void add(std::uint64_t offset, std::size_t from, std::size_t length) noexcept;
  bool has(std::size_t from, std::size_t bytes) const noexcept;
  std::string_view name_in_hello() noexcept;

  std::array<std::uint8_t, bytes_max> plain_;  // frames
  std::array<std::uint8_t, bytes_max> hello_;  // what their CRYPTO frames carry
  std::bitset<bytes_max> known_;               // of hello_
};

}  // namespace callweir::classify
