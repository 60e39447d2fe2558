#include "engine/audit.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"

namespace callweir::engine {

std::string audit_name(const control::peer& who) {
  return fmt::format("uid {} (pid {})", who.uid, who.pid);
}

void audit(record_journal* journal, const std::string& who, const std::string& verb,
           const std::string& what) {
  log::info("audit", "{}: {}", who, what);
  if (journal == nullptr) return;
  audit_record entry;
  entry.at = steady_clock().now();
  entry.who = who;
  entry.verb = verb;
  entry.what = what;
  journal->add(entry);
}

}  // namespace callweir::engine
