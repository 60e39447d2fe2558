// A consistent copy of a database that is being written to.
#pragma once

#include <string>

#include "base/result.hpp"

namespace callweir::dashboard {

/// Copies what is committed at this moment. The target must not exist; a copy that failed is
/// removed. Any thread, any process; the writer goes on meanwhile, and its log grows by what it
/// writes.
result<void> backup_sqlite(const std::string& path, const std::string& target);

}  // namespace callweir::dashboard
