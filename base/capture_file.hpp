// Capture files in and out: pcap and pcapng (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"

namespace callweir {

/// LINKTYPE_ numbers (tcpdump.org registry) that are spoken of by name.
enum link_type_number : std::uint16_t {
  link_null = 0,
  link_ethernet = 1,
  link_ppp = 9,
  link_raw_bsd = 12,
  link_raw_openbsd = 14,
  link_raw = 101,
  link_c_hdlc = 104,
  link_ieee80211 = 105,
  link_loop = 108,
  link_linux_sll = 113,
  link_radiotap = 127,
  link_ppi = 192,
  link_ipv4 = 228,
  link_ipv6 = 229,
  link_linux_sll2 = 276
};

/// One frame of a capture. The bytes belong to the reader.
struct captured_frame {
  time_point time;
  const std::uint8_t* data = nullptr;
  std::uint32_t captured = 0;  // bytes at `data`, at most capture_reader::frame_bytes_max
  std::uint32_t wire = 0;      // bytes on the wire, >= captured
  std::uint16_t link_type = 0;
};

/// Reads pcap (µs, ns, both byte orders) and pcapng (several sections and interfaces, any
/// if_tsresol, both byte orders). Files are mapped, "-" and pipes are streamed through a bounded
/// buffer. One thread.
class capture_reader {
 public:
  static constexpr std::uint32_t frame_bytes_max = 262'144;  // libpcap's MAXIMUM_SNAPLEN
  static constexpr std::uint32_t block_bytes_max =
      16'777'216;  // pcapng blocks longer than that are damage
  static constexpr std::uint32_t interfaces_max = 4096;  // a section's

  /// The year 2116. Stamps of hostile pcapng files are clamped to 0 to this, so that differences
  /// and sums of stamps and time-outs never overflow. pcap's 32-bit seconds end before it.
  static constexpr std::int64_t stamp_max_ns = std::int64_t{1} << 62;

  /// "-" is stdin. Fails where the file cannot be read or is no capture.
  static result<capture_reader> open(const std::string& path);
  /// A capture in memory, which must outlive the reader; `name` stands in errors.
  static result<capture_reader> over(std::span<const std::uint8_t> bytes, const std::string& name);

  capture_reader(capture_reader&&) noexcept;
  capture_reader& operator=(capture_reader&&) noexcept;
  ~capture_reader();

  /// The next frames, at most out.size(); 0 at the end. All that precedes a damage is delivered
  /// first, then every call gives the error, which names offset and kind. Frame data is valid until
  /// the next call; of a mapped file until the reader ends.
  result<std::size_t> read_burst(std::span<captured_frame> out);
  /// 0 to 1: share of the file's bytes; 0 until the end where the size is not known.
  double progress() const;

 private:
  struct impl;
  explicit capture_reader(std::unique_ptr<impl> made);
  std::unique_ptr<impl> impl_;
};

enum class capture_format : std::uint8_t { pcap, pcapng };

/// Writes captures with nanosecond stamps through a buffer of 256 kB. One thread. A pcapng file
/// gets one interface description for each link type; a pcap file has one link type only.
class capture_writer {
 public:
  /// Creates or truncates; "-" is stdout.
  static result<capture_writer> create(const std::string& path, capture_format format,
                                       std::uint16_t link_type = link_ethernet);

  capture_writer(capture_writer&&) noexcept;
  capture_writer& operator=(capture_writer&&) noexcept;
  ~capture_writer();  // closes, errors unseen: call close()

  /// `comment`: opt_comment of the packet, pcapng only, at most 65,535 bytes. Fails on a full disk,
  /// on a frame over frame_bytes_max, on a comment or a second link type in pcap; a refused frame
  /// leaves the file whole.
  result<void> write(const captured_frame& frame, std::string_view comment = {});
  result<void> flush();
  result<void> close();

 private:
  struct impl;
  explicit capture_writer(std::unique_ptr<impl> made);
  std::unique_ptr<impl> impl_;
};

}  // namespace callweir
