// The HTTPS server: TLS 1.2 and up, HTTP/1.1, event streams. Everything is bounded; a client that
// is slow, greedy or malformed loses its connection, nobody else's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "dashboard/http/message.hpp"
#include "dashboard/live/live_board.hpp"

struct ssl_ctx_st;  // OpenSSL's

namespace callweir::dashboard::http {

/// Certificate and key, read and checked.
using certificate_pair = std::shared_ptr<ssl_ctx_st>;
/// Of two PEM files. Errors name the file that is missing, is no PEM, or does not fit the other.
result<certificate_pair> read_certificate(const std::string& certificate, const std::string& key);

struct server_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8443;       // 0: any free one
  std::string certificate, key;    // PEM files; both "" for no TLS
  certificate_pair pair;           // read already, instead of the files
  unsigned answering_threads = 4;  // a report leaves three; passwords have a thread of their own
  std::size_t connections_max = 512;
  std::size_t connections_of_one_address_max = 128;
  std::size_t requests_waiting_max = 256;   // beyond it 503
  std::size_t event_streams_max = 64;       // beyond it 503
  std::size_t unread_bytes_max = 64 << 20;  // of all answers; beyond it the slowest readers go
  std::chrono::milliseconds header_patience = std::chrono::seconds(10);
  std::chrono::milliseconds idle_patience = std::chrono::seconds(60);
  std::chrono::milliseconds stream_patience = std::chrono::seconds(20);
};

struct server_counters {
  std::uint64_t connections = 0;      // accepted
  std::uint64_t refused = 0;          // at accept: all connections or those of the address in use
  std::uint64_t evicted = 0;          // idle or slow ones that made room for a new one
  std::uint64_t requests = 0;         // handed to the handler
  std::uint64_t malformed = 0;        // connections that ended with what is no TLS or no HTTP
  std::uint64_t timed_out = 0;        // handshakes, requests, answers that were too slow
  std::uint64_t overloaded = 0;       // answered with 503 by the server itself
  std::uint64_t streams_dropped = 0;  // event streams whose client did not read
  std::uint64_t answers_dropped = 0;  // answers read too slowly while too much waited in all
  std::uint64_t open = 0, event_streams = 0;  // at this moment
};

class server {
 public:
  /// Listens and serves on threads of its own. `answer` and `board` outlive the server.
  static result<std::unique_ptr<server>> start(const server_options& options, handler answer,
                                               live_board& board);
  virtual ~server() = default;
  virtual std::uint16_t port() const = 0;
  virtual server_counters counters() const = 0;
};

/// A certificate of our own making, for the host's names and addresses, valid for ten years, with
/// its key (mode 0600). Left alone when both files are there and fit together. Gives back the
/// SHA-256 fingerprint to compare at first login.
result<std::string> ensure_certificate(const std::string& certificate, const std::string& key);

}  // namespace callweir::dashboard::http
