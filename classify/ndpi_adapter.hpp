// nDPI behind one seam: the only file that knows its API. Compiles against 4.2 and its successors
// by their version numbers, and maps protocols and confidences by name, because numeric ids are not
// stable.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/packet_view.hpp"
#include "classify/inspector.hpp"

namespace callweir::classify {

/// One worker's detection module and the nDPI state of the flows under inspection. Single thread.
/// nDPI itself allocates a little for some protocols (names, certificates); its flow structs come
/// from a bounded pool of ours.
class ndpi_adapter {
 public:
  struct config {
    std::uint32_t flows_max = 65'536;
    bool touch =
        true;  // set up at once; else the module (20 to 80 ms, 7 MB) waits for the first flow
  };
  using handle = std::uint32_t;
  static constexpr handle none = 0xffff'ffff;

  /// Throws std::runtime_error when the library at run time is not the one that was compiled
  /// against.
  explicit ndpi_adapter(const config& wanted);
  ~ndpi_adapter();

  /// State for a new flow; `none` when the pool is empty.
  handle acquire() noexcept;
  void release(handle flow) noexcept;
  /// One packet, from its innermost IP header on. Updates `opinion`; `done` when nDPI will say no
  /// more.
  void inspect(handle flow, const packet_view& packet, ndpi_opinion& opinion) noexcept;
  /// What a QUIC connection to this host is, by nDPI's list of names; no state of a flow is needed.
  /// Where the list does not know it, or `host` is empty: by the networks that nDPI knows the
  /// owners of, else QUIC alone. Up to 255 bytes of the name count.
  void name_quic(std::string_view host, const packet_view& packet, ndpi_opinion& opinion) noexcept;
  /// The last word of a flow that is still open: may be a guess, and then says so.
  void give_up(handle flow, ndpi_opinion& opinion) noexcept;

  /// "4.2.0": the library's own version.
  static const char* version() noexcept;
  std::size_t memory_bytes() const noexcept;

 private:
  void name_by_host(std::string_view host, ndpi_opinion& opinion) noexcept;
  void name_by_owner(const packet_view& packet, ndpi_opinion& opinion) noexcept;

  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace callweir::classify
