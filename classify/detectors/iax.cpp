#include "classify/detectors/iax.hpp"

namespace callweir::classify {
namespace {

// RFC 5456 section 8.1.1: frame types of full frames, and section 8.2: NEW is subclass 1.
constexpr std::uint8_t frame_type_max = 12, type_iax = 6, subclass_new = 1, subclass_max = 0x28;
constexpr std::uint16_t stamp_step_max = 2'000;  // ms: a silence, or a burst of loss

bool is_full(const sample& s) noexcept {
  if (s.captured < 12 || (s.data[0] & 0x80) == 0 || (be16(s.data) & 0x7fff) == 0) return false;
  const std::uint8_t type = s.data[10], subclass = s.data[11] & 0x7f;
  return type >= 1 && type <= frame_type_max && (type != type_iax || subclass <= subclass_max);
}

/// No call number of the other side yet, first in sequence, and the version (element 11, section
/// 8.6.10) in front.
bool is_new(const sample& s) noexcept {
  return s.captured >= 16 && s.data[10] == type_iax && s.data[11] == subclass_new &&
         (be16(s.data + 2) & 0x7fff) == 0 && s.data[8] == 0 && s.data[9] == 0 && s.data[12] == 11 &&
         s.data[13] == 2 && be16(s.data + 14) == 2;
}

}  // namespace

void iax_detector::observe(const sample& s, bool its_port) noexcept {
  if (s.captured < 5) return;
  if (is_full(s)) {
    if (is_new(s)) opened = true;
    if (opened || its_port) count_up(full[s.way]);
    return;
  }
  const std::uint16_t number = be16(s.data), time = be16(s.data + 2);
  if ((!opened && !its_port) || number == 0) return;
  if (number > 0x7fff) {
    count_up(others);
    return;
  }
  const auto step = static_cast<std::uint16_t>(time - stamp[s.way]);
  if (number != call[s.way]) {
    minis[s.way] = 0;
    count_up(others);
  } else if (step > 0 && step <= stamp_step_max) {
    count_up(minis[s.way]);
  }
  call[s.way] = number;
  stamp[s.way] = time;
}

}  // namespace callweir::classify
