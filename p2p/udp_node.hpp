// Runs an endpoint on a real UDP socket: epoll, the system's clock and random numbers, statistics
// to a file.
#pragma once

#include <optional>
#include <string>

#include "p2p/endpoint.hpp"

namespace callweir::p2p {

struct node_options {
  peer_address listen;               // port 0: one of the system's choice
  std::optional<peer_address> call;  // call this peer; otherwise answer
  double seconds = 0;                // of the call (with `call`) or of the run; 0: until stopped
  double patience_s = 15;            // for an answer
  std::string speech;                // WAV file; "" is silence
  std::string stats = "-";           // JSON Lines go there, "-" is standard output
  std::string network = "callweir";
};

/// Blocks until the time is up, the call has ended (with `call`), or SIGINT or SIGTERM came; says
/// goodbye to the peers then. Errors of usage carry exit_usage, a call that did not connect or
/// broke exit_failed.
struct node_failure {
  error what;
  exit_code code;
};
tl::expected<void, node_failure> run_node(const node_options& options);

}  // namespace callweir::p2p
