// Evidence to verdict: which claims the detectors' findings carry, how sure each is, and which new
// claim may replace an old one.
#pragma once

#include "classify/detectors/ndpi_names.hpp"
#include "classify/inspection.hpp"

namespace callweir::classify {

/// The best claim that the evidence of a flow carries now; confidence 0 when it carries none.
verdict fuse(const inspection& scratch, const ndpi_opinion& opinion,
             const ndpi_names& names) noexcept;

/// Puts `found` in the place of `current` where that is an upgrade: voip of at least 90 percent
/// never goes back, media never becomes signalling, a product's name never becomes a generic one.
/// True when `current` changed in more than its reasons.
bool upgrade(verdict& current, const verdict& found) noexcept;

/// From this on a policy acts.
constexpr std::uint8_t acting_pct = 90;

}  // namespace callweir::classify
