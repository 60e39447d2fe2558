// Takes a fuzzer's input apart, and keeps each piece in a block of exactly its size, so that
// AddressSanitizer sees a byte read beyond it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

namespace callweir::test {

class exact_block {
 public:
  exact_block(const std::uint8_t* data, std::size_t size)
      : bytes_(std::make_unique<std::uint8_t[]>(size)), size_(size) {
    if (size > 0) std::memcpy(bytes_.get(), data, size);
  }
  const std::uint8_t* data() const { return bytes_.get(); }
  std::uint8_t* data() { return bytes_.get(); }
  std::size_t size() const { return size_; }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t size_;
};

/// Zeros once the input is used up.
class byte_source {
 public:
  byte_source(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

  std::uint8_t next() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  std::uint16_t next_16() {
    const unsigned high = next();
    return static_cast<std::uint16_t>(high << 8 | next());
  }
  std::uint32_t next_32() {
    const std::uint32_t high = next_16();
    return high << 16 | next_16();
  }
  /// A length: one byte, or from 240 on two (a datagram's 3,935 bytes at most).
  std::size_t next_length() {
    const unsigned first = next();
    return first < 240 ? first : (first - 240) * 256u + next();
  }
  /// At most `size` bytes, fewer at the end.
  exact_block take(std::size_t size) {
    size = std::min(size, left_);
    exact_block out(data_, size);
    data_ += size;
    left_ -= size;
    return out;
  }
  std::size_t left() const { return left_; }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

}  // namespace callweir::test
