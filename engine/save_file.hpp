// Replaces a file in one step.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace callweir::engine {

/// Whoever reads `path` sees the old or the new text, never a part; what was there stays as
/// `path`.bak. Mode and owner are kept. A symbolic link is followed.
result<void> save_file(const std::string& path, std::string_view text);

}  // namespace callweir::engine
