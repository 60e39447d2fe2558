#include "classify/detectors/skype_classic.hpp"

#include <bit>

namespace callweir::classify {
namespace {

constexpr std::uint8_t function_mask = 0x0f;
// U1 is 18 bytes in version 1.4 and 18 to 40 since; Bonfiglio et al. table 2.
constexpr std::uint16_t probe_bytes_min = 18, probe_bytes_max = 40;
constexpr std::uint16_t id_step_max = 64;

std::uint64_t one_of_64(std::uint64_t hash) noexcept {
  return std::uint64_t{1} << (hash >> 58);
}

}  // namespace

skype_form recognise_skype(const sample& s) noexcept {
  if (s.captured < 11) return skype_form::none;
  const std::uint8_t function = s.data[2] & function_mask;
  // nDPI and l7-filter exclude SNMP's 0x30 likewise; zeros are length or type fields of others.
  if (s.data[0] == 0x30 || (s.data[0] == 0 && s.data[1] == 0)) return skype_form::none;
  if (s.bytes == 11 && (function == 7 || function == 5)) return skype_form::answer;
  if (function == 2 && s.bytes >= probe_bytes_min && s.bytes <= probe_bytes_max)
    return skype_form::probe;
  if (function == 2 && (s.bytes == 51 || s.bytes == 53)) return skype_form::answer;
  if (function == 0xd || function == 2 || function == 3 || function == 0xf) return skype_form::data;
  return skype_form::none;
}

void skype_endpoint::observe_first(const sample& s, std::uint64_t peer_hash,
                                   std::uint16_t peer_port) noexcept {
  if (recognise_skype(s) != skype_form::probe) {
    count_up(others);
    return;
  }
  const std::uint16_t id = be16(s.data);
  const auto step = static_cast<std::uint16_t>(id - last_id);
  if (probes > 0 && step > 0 && step <= id_step_max) count_up(ordered);
  last_id = id;
  count_up(probes);
  peers |= one_of_64(mix(peer_hash, 1));
  ports |= one_of_64(mix(peer_port, 2));
  vectors |= one_of_64(mix(be32(s.data + 3), 3));
  sizes |= std::uint64_t{1} << (s.bytes & 63);
}

void skype_endpoint::observe_answer(const sample& s) noexcept {
  const skype_form form = recognise_skype(s);
  if (form == skype_form::answer || (form == skype_form::probe && (s.bytes == 18 || s.bytes == 26)))
    count_up(answers);
}

int skype_endpoint::confidence() const noexcept {
  const int peers_seen = std::popcount(peers), ports_seen = std::popcount(ports);
  const int vectors_seen = std::popcount(vectors), sizes_seen = std::popcount(sizes);
  // Ten first packets with one nibble right by chance: 16^-10. What is left are protocols with a 2
  // in that place: those keep one size, one server port, or a field where Skype has a random
  // vector.
  if (peers_seen < 8 || ports_seen < 5 || vectors_seen < 8 || probes < 10) return 0;
  if (others * 5 > probes) return 0;
  if (sizes_seen < 3 && answers < 4) return 0;
  const bool counts = ordered * 3 >= probes * 2;
  if (!counts && answers < 4) return 60;
  return counts || answers >= 8 ? 97 : 92;
}

}  // namespace callweir::classify
