// The two capture formats, parsed from a byte_source. Internal to capture_reader.
#pragma once

#include <optional>
#include <vector>

#include "base/capture_file.hpp"
#include "base/capture_file_source.hpp"

namespace callweir {

/// What became of one step through the input.
enum class capture_step : std::uint8_t {
  frame,    // `out` is set
  other,    // a block without a frame was passed
  starved,  // more input would have to be read, which would move what this burst already holds
  end,
  damage  // `damage()` says what
};

/// One capture under way. Detects the format at the first step.
class capture_parser {
 public:
  capture_parser(byte_source source, std::string name);

  capture_step next(captured_frame& out, bool may_move);
  /// Reads the file header: error if this is no capture.
  result<void> begin();
  const error& damage() const { return *damage_; }
  const byte_source& source() const { return source_; }

 private:
  struct interface {
    std::uint16_t link_type = 0;
    std::uint32_t snap_bytes = 0;  // 0: no limit
    std::uint8_t resolution = 6;   // if_tsresol: 10^-n, or 2^-n with the top bit
    std::int64_t offset_s = 0;     // if_tsoffset
  };
  using bytes = std::span<const std::uint8_t>;

  std::uint16_t u16(const std::uint8_t* at) const;
  std::uint32_t u32(const std::uint8_t* at) const;
  std::uint64_t u64(const std::uint8_t* at) const;

  capture_step broken(std::string what);
  /// Too few bytes at the current position: starved, end of a stream that failed, or a cut-off
  /// file.
  capture_step short_of(std::size_t had, bool may_move, const char* what);

  capture_step next_record(captured_frame& out, bool may_move);  // pcap
  capture_step next_block(captured_frame& out, bool may_move);   // pcapng
  capture_step section(bytes block);
  capture_step describe_interface(bytes block);
  bool read_options(bytes options, interface& made);
  capture_step enhanced_packet(bytes block, captured_frame& out);
  capture_step simple_packet(bytes block, captured_frame& out);
  capture_step old_packet(bytes block, captured_frame& out);
  /// The frame of `captured` bytes at `at` within `block`, all checks shared by the packet blocks.
  capture_step finish(bytes block, std::size_t at, std::uint32_t interface_id, std::uint64_t ticks,
                      captured_frame& out);
  time_point stamp(const interface& at, std::uint64_t ticks) const;

  byte_source source_;
  std::string name_;
  std::optional<error> damage_;
  bool blocks_ = false;                // pcapng
  bool swapped_ = false;               // written on a machine of the other byte order
  bool nanoseconds_ = false;           // pcap
  std::uint32_t record_header_ = 16;   // pcap: 24 in the variant of magic a1b2cd34
  std::uint16_t link_type_ = 0;        // pcap
  time_point last_;                    // what blocks without time get
  std::vector<interface> interfaces_;  // of the current section
};

}  // namespace callweir
