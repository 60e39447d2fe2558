// A request and its answer, as the API sees them: no library type crosses this header.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace callweir::dashboard::http {

enum class method : std::uint8_t { get, head, post, put, patch, del, other };

struct request {
  method verb = method::get;
  std::string path;  // decoded, begins with '/', no "..", no NUL
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in the order written
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // at most body_bytes_max
  std::string peer;                                          // address of the client
  bool secure = false;                                       // came by TLS

  /// "" when it is not there.
  std::string_view header(std::string_view lower_case_name) const;
  std::string_view parameter(std::string_view name) const;
  /// Value of a cookie, "" when it is not there.
  std::string_view cookie(std::string_view name) const;
};

struct response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// Instead of a body: the connection becomes a stream of server-sent events from the live board.
  bool event_stream = false;
  std::uint64_t events_after = 0;  // the newest event that the client has
  std::string first_events;        // written before them, already in the form of the stream
  std::string hidden_topic;        // events of this topic are not for who asks
  /// Of a stream: it is closed once this is true. Its client's right to it has ended.
  std::shared_ptr<const std::atomic<bool>> ended;
  /// Instead of an answer: what makes it, where that keeps a processor busy (a password's hash). It
  /// is called on a thread of its own, of low priority, one after the other; `urgent` ones first.
  std::function<response()> later;
  bool urgent = false;
};

/// The largest body that any request of the API has; all connections together hold little enough
/// of them that clients who are not logged in cannot fill the memory.
constexpr std::size_t body_bytes_max = 64 << 10;
constexpr std::size_t header_bytes_max = 16 << 10;

/// Called on one of the pool's threads; may take its time (a query, a password hash), must not
/// throw.
using handler = std::function<response(const request&)>;

/// {"error":{"status":404,"what":…,"where":…,"mend":…}}
response problem(int status, std::string_view what, std::string_view where = {},
                 std::string_view mend = {});

}  // namespace callweir::dashboard::http
