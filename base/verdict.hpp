// What classification says of a flow. The plain struct that crosses from `classify` to `shaper` and
// into the records.
#pragma once

#include <cstdint>

namespace callweir {

enum class flow_role : std::uint8_t {
  unknown,
  voice,
  video,
  media,
  signalling,
  overlay,
  im,
  file,
  other
};
constexpr int flow_role_count = 9;
const char* flow_role_name(flow_role role);
constexpr bool is_media(flow_role role) {
  return role == flow_role::voice || role == flow_role::video || role == flow_role::media;
}

/// A truth value that may be open: null in JSON, matches neither `true` nor `false` in a policy.
enum class tristate : std::uint8_t { no, yes, open };

/// Index into the application table (base/applications.hpp): `Unknown` 0, `Unknown call` 1, …
using app_id = std::uint16_t;

/// Claims about a flow. Confidence covers everything claimed among voip, role, p2p and app.
struct verdict {
  app_id app = 0;
  app_id ndpi_master = 0;  // what nDPI itself says, by the same table; 0 where it says nothing
  app_id ndpi_app = 0;
  flow_role role = flow_role::unknown;
  tristate p2p = tristate::open;
  bool voip = false;
  std::uint8_t confidence_pct = 0;  // 0 to 100
  std::uint64_t reasons = 0;        // bit set over classify's reason table

  friend bool operator==(const verdict&, const verdict&) = default;
};

}  // namespace callweir
