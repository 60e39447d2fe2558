// What the running appliance answers over its control socket: a table of verbs. Runs on the
// socket's thread; what needs the control thread's knowledge is done there.
#pragma once

#include <functional>
#include <string>

#include "base/control_socket.hpp"
#include "engine/control_thread.hpp"
#include "engine/status_report.hpp"

namespace callweir::engine {

/// What the engine process lends to the requests. All may be called on the socket's thread.
struct appliance_access {
  std::function<status_details()> details;  // counters of workers and ports
  shared_state* shared = nullptr;
  record_journal* journal = nullptr;  // for the audit log
  std::vector<std::string> links;
  std::string configuration_path;  // what `policy save` writes
  std::string applied_path;        // where applied policies outlive the engine, "" for nowhere
};

/// Beside the control socket: the policies that were applied to the running appliance, which an
/// engine that takes over from a dead one reads. `run` begins without it.
std::string applied_policies_path(const std::string& control_socket);

/// A request is {"verb": …} with the verb's own keys:
///   status, calls, hosts, policy-list, policy-confirm, policy-rollback, policy-save
///   flows {"limit": n}          newest first, at most 65,536
///   explain {"id": "f…"|"c…"}
///   bypass {"mode": "on"|"off"|"status"}
///   policy-diff {"text": …, "name": …}, policy-apply {…, "confirm_s": n}
class control_requests {
 public:
  control_requests(control_thread& thread, appliance_access access);
  /// Never throws. Changes are logged with who asked.
  control::reply answer(std::string_view request, const control::peer& who);

 private:
  control::reply status();
  control::reply calls();
  control::reply hosts();
  control::reply flows(std::size_t limit);
  control::reply explain(const std::string& id);
  control::reply bypass(const std::string& mode, const control::peer& who);
  control::reply policy_list();
  control::reply policy_diff(const std::string& text, const std::string& name);
  control::reply policy_apply(const std::string& text, const std::string& name,
                              std::int64_t confirm_s, const control::peer& who);
  control::reply policy_confirm(const control::peer& who);
  control::reply policy_rollback(const control::peer& who);
  control::reply policy_save(const control::peer& who);
  void keep_applied(const control_state& state);
  control::reply dispatch(std::string_view request, const control::peer& who);
  /// Runs on the control thread; a refusal when it does not answer.
  control::reply on_control(const std::function<control::reply(control_state&)>& work);

  control_thread& thread_;
  appliance_access access_;
};

}  // namespace callweir::engine
