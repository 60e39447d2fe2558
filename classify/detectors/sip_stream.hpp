// SIP over TCP: a message may come in several segments, and several in one (RFC 3261 section 18.3).
// What has begun and not ended is kept, for a bounded number of streams and of bytes each; the one
// that waited longest makes room.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/units.hpp"

namespace callweir::classify {

/// Bytes of the message at the start of `text`, its body by Content-Length (all of `text` where
/// that is missing, though RFC 3261 section 20.14 wants it); 0 while it is not all there.
std::size_t sip_message_bytes(std::string_view text) noexcept;

class sip_stream_store {
 public:
  static constexpr std::size_t bytes_max = 8192;  // INVITEs with SDP and identity stay below 6 kB
  static constexpr nanoseconds life = std::chrono::seconds(32);  // timer B, RFC 3261 section 17

  /// Throws std::bad_alloc.
  explicit sip_stream_store(std::uint32_t streams_max);

  /// What is kept of stream `key` with `segment` behind it; `segment` itself where nothing is kept
  /// or where it does not follow (`sequence` is TCP's); empty for a repeated one or when it does
  /// not fit. Valid until the next call. `key` is not 0.
  std::string_view join(std::uint64_t key, std::string_view segment, std::uint32_t sequence,
                        time_point now) noexcept;
  /// Keeps `rest`, the end of what `join` gave; nothing when it is empty or too long.
  void keep(std::uint64_t key, std::string_view rest, std::uint32_t next_sequence,
            time_point now) noexcept;

  std::size_t memory_bytes() const noexcept { return streams_max_ * sizeof(stream); }

 private:
  struct stream {
    std::uint64_t key;  // 0: free
    std::int64_t touched_ns;
    std::uint32_t next_sequence;
    std::uint32_t used;
    char text[bytes_max];
  };
  struct release {
    void operator()(stream* s) const noexcept;
  };
  stream* find(std::uint64_t key, time_point now) noexcept;

  std::uint32_t streams_max_;
  std::unique_ptr<stream[], release> streams_;
  std::uint32_t kept_ = 0;  // streams in use: nothing is looked for while it is 0
};

}  // namespace callweir::classify
