#include "base/service_user.hpp"

#include <pwd.h>

#include <array>

namespace callweir {

std::optional<service_user> find_service_user() {
  std::array<char, 16'384> text{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(service_user_name, &entry, text.data(), text.size(), &found) != 0) return {};
  if (found == nullptr || entry.pw_uid == 0) return {};
  return service_user{entry.pw_uid, entry.pw_gid};
}

}  // namespace callweir
