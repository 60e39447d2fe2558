// What becomes of a database that cannot be used.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/units.hpp"

namespace callweir::dashboard {

/// What is there is a damaged database, or none: every page is looked at. False where there is
/// nothing, and for what cannot be told.
bool is_damaged(const std::string& path);

/// Renames the database and its log to PATH.damaged-YYYYMMDDTHHMMSSZ, and lets all but the two
/// newest of such files go, so that a disk that destroys files does not fill up with them. Returns
/// the new name. No connection of this process may write to it any more.
result<std::string> move_aside(const std::string& path, time_point now);

}  // namespace callweir::dashboard
