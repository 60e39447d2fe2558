// Which flow the fragments of an IP packet belong to: the first fragment decides, later ones look
// it up here. No reassembly. One worker's, single thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/ip_address.hpp"
#include "base/packet_view.hpp"
#include "base/units.hpp"

namespace callweir::capture {

/// Names one fragmented packet. IPv6 leaves the protocol out (RFC 8200 4.5): 44 there.
struct fragment_key {
  ip_address source, destination;
  std::uint32_t id = 0;
  std::uint8_t protocol = 0;

  friend bool operator==(const fragment_key&, const fragment_key&) = default;
};

/// The innermost 5-tuple that the first fragment showed.
struct fragment_flow {
  ip_address source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint8_t protocol = 0;
  tunnel_kind tunnel = tunnel_kind::none;
};

/// A fixed table of buckets of four; the keyed hash keeps an attacker from filling one bucket on
/// purpose. A full bucket gives up its oldest entry, so that a flood of first fragments costs a
/// constant each.
class fragment_cache {
 public:
  static constexpr std::uint32_t entries_max = 4096;                 // 448 kB a worker
  static constexpr nanoseconds time_out = std::chrono::seconds(15);  // RFC 791 3.2's lower bound

  explicit fragment_cache(std::array<std::uint64_t, 2> seed);

  /// Remembers, or replaces what was known under `key`.
  void insert(const fragment_key& key, const fragment_flow& flow, time_point now) noexcept;
  /// nullptr when the first fragment was not seen within `time_out`. Valid until the next insert.
  const fragment_flow* find(const fragment_key& key, time_point now) const noexcept;

 private:
  struct entry {
    fragment_key key;
    fragment_flow flow;
    time_point seen{INT64_MIN / 2};
  };
  static constexpr std::uint32_t ways = 4;

  std::uint32_t bucket_of(const fragment_key& key) const noexcept;

  std::array<std::uint64_t, 2> seed_;
  std::vector<entry> entries_;
};

}  // namespace callweir::capture
