// STUN, TURN and what they carry, against a plain reading of RFC 5389: whatever comes, both say the
// same, and nothing is read beyond the packet. Input: the datagram; it is also looked at cut in
// half.
#include <cstdlib>
#include <vector>

#include "classify/detectors/stun.hpp"
#include "tests/fuzz/byte_source.hpp"

namespace {

using namespace callweir;

struct plain_attribute {
  unsigned type, offset, size;
};

/// RFC 5389 sections 6 and 15, one step after the other; false: no message.
bool read_plainly(const classify::sample& s, std::vector<plain_attribute>& out) {
  const auto at = [&](unsigned i) { return unsigned{s.data[i]}; };
  const auto pair = [&](unsigned i) { return at(i) * 256 + at(i + 1); };
  if (s.captured < 20 || at(0) > 63) return false;
  const unsigned total = 20 + pair(2);
  if (pair(2) % 4 != 0 || total > s.bytes) return false;
  const bool cookie = pair(4) == 0x2112 && pair(6) == 0xa442;
  if (!cookie && ((pair(0) & 0x3eef) != 1 || total != s.bytes)) return false;
  for (unsigned i = 20; i + 4 <= total && i + 4 <= s.captured && out.size() < 32;) {
    const plain_attribute a{pair(i), i + 4, pair(i + 2)};
    if (a.offset + a.size > total) return false;
    // RFC 3489 section 11.2 knows 1 to 11; from 0x8000 on anything may be added.
    if (!cookie && (a.type == 0 || (a.type > 11 && a.type < 0x8000))) return false;
    out.push_back(a);
    i = a.offset + (a.size + 3) / 4 * 4;
  }
  return cookie || !out.empty();
}

void demand(bool holds) {
  if (!holds) std::abort();
}

void compare(const classify::sample& s) {
  std::vector<plain_attribute> attributes;
  classify::stun_message m;
  const bool is_stun = classify::parse_stun(s, m);
  demand(is_stun == read_plainly(s, attributes));
  if (!is_stun) return;
  demand(m.attributes == attributes.size());
  demand(m.total == 20 + s.data[2] * 256 + s.data[3]);
  demand(m.total <= s.bytes && m.data_offset + m.data_bytes <= m.total);
  const auto has = [&](unsigned type) {
    for (const plain_attribute& a : attributes)
      if (a.type == type) return true;
    return false;
  };
  demand(m.priority == has(0x24) && m.use_candidate == has(0x25));
  demand(m.controlled == has(0x8029) && m.controlling == has(0x802a));
  demand(m.integrity == (has(0x08) || has(0x1c)) && m.fingerprint == has(0x8028));
  demand(m.peer_address == has(0x12) && m.relayed_address == has(0x16));
  for (const plain_attribute& a : attributes) {
    if (a.type == 0x13) demand(m.data_offset > 0);
  }
  if (!has(0x13)) demand(m.data_offset == 0 && m.data_bytes == 0);
  if (!has(0x06)) demand(m.ice_session == 0);
  classify::stun_detector detector;
  for (int i = 0; i < 300; ++i) detector.observe(m, i % 2 == 0 ? forward : backward, i % 3 == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65'000) return 0;
  const auto bytes = static_cast<std::uint16_t>(size);
  for (const std::size_t captured : {size, size / 2}) {
    const test::exact_block block(data, captured);
    compare({block.data(), static_cast<std::uint16_t>(captured), bytes, forward, {}});
  }
  return 0;
}
