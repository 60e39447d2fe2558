// The stream of records from the engine to the dashboard process: frames of control_socket.hpp
// (length and one JSON object) over a Unix stream socket that the engine listens on, beside the
// control socket. Version 1:
//
//   engine     {"type":"hello","version":1,"engine":"<16 hex digits>","oldest":17,"next":4711,
//               "site":"hq","timezone":"Europe/Berlin","pseudonymise":false,"links":["uplink"]}
//   dashboard  {"type":"resume","version":1,"engine":"<16 hex digits>","after":4000}
//   engine     {"n":4001,"record":{"type":"flow",…}}      durable: numbered, held for a reader that
//                                                         comes later
//   engine     {"live":{"type":"second",…}}               for the moment only, never held
//   engine     {"lost":312,"next":5000}                   so many durable records were overwritten
//                                                         before this reader got them
//
// `engine` names one life of an engine; a reader that resumes another life gets all that is held.
// Hello comes again when what it says has changed. Numbers begin at 1 and have no holes other than
// those that `lost` names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/record.hpp"
#include "base/result.hpp"

namespace callweir::stream {

constexpr int version = 1;
constexpr std::size_t frame_bytes_max = 256 << 10;  // either way
constexpr std::size_t readers_max = 4;

/// One line type of the stream.
using any_record = std::variant<flow_record, call_record, host_record, traffic_record,
                                second_record, policy_record, gap_record, audit_record>;

struct hello {
  int version = 0;
  std::string engine;
  std::uint64_t oldest = 0, next = 1;  // durable records that are held: [oldest, next)
  std::string site, timezone;
  bool pseudonymise = false;
  std::vector<std::string> links;
};
struct resume {
  int version = stream::version;
  std::string engine;       // "" for a reader that has nothing
  std::uint64_t after = 0;  // the newest it has committed
};
struct durable {
  std::uint64_t number = 0;
  any_record record;
};
struct live {
  any_record record;
};
struct lost {
  std::uint64_t count = 0, next = 0;
};
using from_engine = std::variant<hello, durable, live, lost>;

/// Beside the control socket: ".../control.sock" gives ".../records.sock".
std::string socket_path(const std::string& control_socket);

void append_json(std::string& out, const hello& what);
void append_json(std::string& out, const resume& what);
/// `record` is the JSON of one record.
void append_durable(std::string& out, std::uint64_t number, std::string_view record);
void append_live(std::string& out, std::string_view record);
void append_json(std::string& out, const lost& what);

/// Readers. Hostile input is normal: a wrong type, a missing or overlong field, a number out of
/// bounds are errors that name the key; keys that are not known are passed over, so that a newer
/// engine may say more.
result<from_engine> read_from_engine(std::string_view frame);
result<resume> read_resume(std::string_view frame);
/// One record as it stands in `analyze --format json` or in the stream.
result<any_record> read_record(std::string_view json);

}  // namespace callweir::stream
