// Streams of media flows beyond the first of each direction: the picture beside the voice, a second
// voice, a sender that starts anew. One worker's, from a bounded pool; a flow holds a chain of them
// a direction.
#pragma once

#include <cstdint>

#include "classify/lazy_memory.hpp"
#include "classify/media/rtp_stream.hpp"

namespace callweir::classify {

class spare_streams {
 public:
  /// End of a chain.
  static constexpr std::uint32_t none = 0;

  spare_streams(std::uint32_t streams_max, bool touch) : pool_(streams_max, touch) {}

  /// A stream in front of `chain`; nullptr when all are taken, which is counted.
  rtp_stream* take(std::uint32_t& chain) noexcept {
    const std::uint32_t taken = pool_.take();
    if (taken == bounded_pool<rtp_stream>::none) {
      ++refused_;
      return nullptr;
    }
    pool_[taken] = rtp_stream{};
    pool_[taken].link(chain);
    chain = taken + 1;
    return &pool_[taken];
  }
  /// Gives back those of the chain of which `over(stream)` is true.
  template <class F>
  void give_if(std::uint32_t& chain, F&& over) noexcept {
    std::uint32_t kept = none;  // in the other order: it means nothing
    for (std::uint32_t at = chain; at != none;) {
      rtp_stream& stream = pool_[at - 1];
      const std::uint32_t next = stream.next();
      if (over(stream)) {
        pool_.give(at - 1);
      } else {
        stream.link(kept);
        kept = at;
      }
      at = next;
    }
    chain = kept;
  }

  rtp_stream& operator[](std::uint32_t place) noexcept { return pool_[place - 1]; }
  const rtp_stream& operator[](std::uint32_t place) const noexcept { return pool_[place - 1]; }

  std::uint32_t in_use() const noexcept { return pool_.in_use(); }
  std::uint64_t refused() const noexcept { return refused_; }
  std::size_t bytes() const noexcept { return pool_.bytes(); }

 private:
  bounded_pool<rtp_stream> pool_;
  std::uint64_t refused_ = 0;
};

}  // namespace callweir::classify
