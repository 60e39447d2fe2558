// DTLS records and hellos. A hello that a strict reader finds whole and with use_srtp must be seen;
// nothing is read beyond the packet. Input: the datagram; it is also looked at cut in half.
#include <cstdlib>

#include "classify/detectors/demultiplex.hpp"
#include "classify/detectors/dtls.hpp"
#include "tests/fuzz/byte_source.hpp"

namespace {

using namespace callweir;

/// RFC 6347 section 4, RFC 5246 section 7.4.1, RFC 5764 section 4.1: one record with one whole
/// hello in it, every length right.
class strict_hello {
 public:
  explicit strict_hello(const classify::sample& s) : s_(s) {}

  bool offers_srtp() {
    if (s_.captured < 13 || number(2) < 0x1600 || at_ != 2 || s_.data[0] != 22) return false;
    at_ = 1;
    const unsigned version = number(2), epoch = number(2);
    skip(6);
    end_ = 13 + number(2);
    if ((version != 0xfeff && version != 0xfefd) || epoch != 0 || end_ > s_.captured) return false;
    const unsigned type = number(1);
    client_ = type == 1;
    if (type != 1 && type != 2) return false;
    const unsigned body = number(3);
    skip(2);
    if (number(3) != 0 || number(3) != body || at_ + body != end_) return false;
    skip(34);
    skip(number(1));
    if (client_) {
      skip(number(1));
      skip(number(2));
      skip(number(1));
    } else {
      skip(3);
    }
    if (number(2) != end_ - at_) return false;
    bool found = false;
    for (int i = 0; i < 40 && !bad_ && at_ < end_; ++i) {
      found = found || number(2) == 14;
      if (!found) {
        skip(number(2));
        continue;
      }
      return !bad_ && at_ + 2 <= end_;
    }
    return false;
  }
  bool client() const { return client_; }

 private:
  unsigned number(unsigned bytes) {
    unsigned value = 0;
    for (unsigned i = 0; i < bytes; ++i) {
      if (at_ >= s_.captured || at_ >= end_) {
        bad_ = true;
        return 0;
      }
      value = value << 8 | s_.data[at_++];
    }
    return value;
  }
  void skip(unsigned bytes) {
    at_ += bytes;
    if (at_ > end_) bad_ = true;
  }

  const classify::sample& s_;
  unsigned at_ = 0, end_ = 65'535;
  bool bad_ = false, client_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65'000) return 0;
  const auto bytes = static_cast<std::uint16_t>(size);
  for (const std::size_t captured : {size, size / 2}) {
    const test::exact_block block(data, captured);
    const classify::sample s{
        block.data(), static_cast<std::uint16_t>(captured), bytes, backward, {}};
    classify::dtls_detector detector;
    const bool is_dtls = detector.observe(s);
    if (is_dtls != (detector.records[backward] == 1)) std::abort();
    if (is_dtls && classify::demultiplex(s) != classify::wire_kind::dtls) std::abort();
    if (!is_dtls && (detector.client_hello || detector.server_hello)) std::abort();
    strict_hello strict(s);
    if (strict.offers_srtp() && !(strict.client() ? detector.srtp_offered : detector.srtp_chosen)) {
      std::abort();
    }
  }
  return 0;
}
