// Every change that somebody makes goes to the log and, where records are kept, into them. Any
// thread but a worker.
#pragma once

#include <string>

#include "base/control_socket.hpp"
#include "engine/record_journal.hpp"

namespace callweir::engine {

/// "uid 0 (pid 42)".
std::string audit_name(const control::peer& who);
/// `verb`: "policy-apply", "bypass", …; `what`: a sentence. `journal` may be nullptr.
void audit(record_journal* journal, const std::string& who, const std::string& verb,
           const std::string& what);

}  // namespace callweir::engine
