#include "base/verdict.hpp"

namespace callweir {

const char* flow_role_name(flow_role role) {
  switch (role) {
    case flow_role::voice:
      return "voice";
    case flow_role::video:
      return "video";
    case flow_role::media:
      return "media";
    case flow_role::signalling:
      return "signalling";
    case flow_role::overlay:
      return "overlay";
    case flow_role::im:
      return "im";
    case flow_role::file:
      return "file";
    case flow_role::other:
      return "other";
    case flow_role::unknown:
      break;
  }
  return "unknown";
}

}  // namespace callweir
