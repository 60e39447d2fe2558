// The tables, by numbered steps. `user_version` of a database says which step it has reached; a
// step is never changed once it was released, a new one is added.
#pragma once

#include "dashboard/sqlite/sqlite.hpp"

namespace callweir::dashboard {

constexpr int schema_version = 2;

/// Brings the database from whatever step it has to the newest, each step in a transaction of its
/// own. A database of a newer version is an error and stays as it is.
result<void> migrate(sqlite::connection& db);
/// For readers: an error unless the database has exactly this version.
result<void> expect_schema(sqlite::connection& db);

}  // namespace callweir::dashboard
