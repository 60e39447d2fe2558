// Internal to capture: frames that fell into an AF_XDP socket between its making and its being
// taken out of the map. The port that they should leave by is not open yet, so they go there
// through the kernel, as its pass-through would have sent them.
#pragma once

#include <cstdint>

namespace callweir::capture {

/// Empties queue 0 of a started device that nobody polls yet. Returns the frames sent; those that
/// the kernel refuses are released.
unsigned forward_strays(std::uint16_t device, int out_interface_index) noexcept;

}  // namespace callweir::capture
