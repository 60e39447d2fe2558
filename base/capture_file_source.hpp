// Where a capture's bytes come from: a mapped file, memory, or a stream through a bounded buffer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace callweir {

class byte_source {
 public:
  static result<byte_source> open(const std::string& path);
  static byte_source over(std::span<const std::uint8_t> bytes);

  byte_source(byte_source&& other) noexcept;
  byte_source& operator=(byte_source&&) = delete;
  ~byte_source();

  /// `bytes` (up to the buffer's bound) from the current position without moving on, or fewer at
  /// the end of the input. Earlier spans stay valid unless `may_move`: then a stream's buffer may
  /// be shifted and refilled. Without it a stream gives what it has.
  std::span<const std::uint8_t> peek(std::size_t bytes, bool may_move);
  void advance(std::size_t bytes) {
    position_ += bytes;
    offset_ += bytes;
  }
  /// Bytes from the start of the input.
  std::uint64_t offset() const { return offset_; }
  /// 0 when not known.
  std::uint64_t size() const { return size_; }
  /// A read failed: errno, else 0.
  int failure() const { return failure_; }
  bool streaming() const { return stream_ >= 0; }
  bool ended() const { return ended_; }

 private:
  byte_source() = default;
  void refill(std::size_t wanted);

  const std::uint8_t* data_ = nullptr;  // mapping, memory, or buffer_.data()
  std::size_t filled_ = 0;              // bytes valid at data_
  std::size_t position_ = 0;            // next byte at data_
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
  void* mapping_ = nullptr;
  int stream_ = -1;    // descriptor, closed unless it is stdin
  bool ended_ = true;  // no more can be read into the buffer
  int failure_ = 0;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace callweir
