// The system user that Callweir's face to the network runs as. It need not exist: then that runs
// as whoever started it.
#pragma once

#include <sys/types.h>

#include <optional>

namespace callweir {

constexpr const char* service_user_name = "callweir";

struct service_user {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Asked of the system's list of users each time; nullopt when there is none, or when it is root.
std::optional<service_user> find_service_user();

}  // namespace callweir
