// The administrator's end of the control socket: the verbs that ask a running appliance.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/control_socket.hpp"

namespace callweir::engine {

constexpr const char* control_socket_default = "/run/callweir/control.sock";

struct console_options {
  std::string socket = control_socket_default;
  bool json = false;  // records as they come, a line each
};

/// Exit codes; what went wrong is said on stderr.
int show_status(const console_options& options);
int show_calls(const console_options& options);
int show_flows(const console_options& options, std::size_t limit);
int show_hosts(const console_options& options);
int show_explanation(const console_options& options, const std::string& id);
int show_policies(const console_options& options);
/// Text refreshed each second until q, Ctrl-C or the end of the terminal; with json one round of
/// records.
int show_top(const console_options& options);
/// `mode`: on, off or status.
int set_bypass(const console_options& options, const std::string& mode);
/// `verb`: "policy-diff" or "policy-apply"; `confirm_s`: 0 for none. Reads and checks the file
/// first.
int send_policies(const console_options& options, const std::string& verb, const std::string& file,
                  std::int64_t confirm_s);
/// policy-confirm, policy-rollback, policy-save.
int send_verb(const console_options& options, const std::string& verb);

/// One request; the records of the answer in order. `patience` for each step.
result<control::outcome> ask(const std::string& socket, const std::string& request,
                             std::vector<std::string>& records,
                             std::chrono::milliseconds patience = std::chrono::seconds(10));

// Records as text for a terminal; lines that cannot be read are left out.
std::string status_text(const std::vector<std::string>& records);
std::string calls_text(const std::vector<std::string>& records, std::size_t rows_most);
std::string flows_text(const std::vector<std::string>& records, std::size_t rows_most);
std::string hosts_text(const std::vector<std::string>& records, std::size_t rows_most);
std::string policies_text(const std::vector<std::string>& records);
/// Changes, a line each; `none` where there are none.
std::string changes_text(const std::vector<std::string>& records, const char* none);
std::string explanation_text(const std::vector<std::string>& records);

}  // namespace callweir::engine
