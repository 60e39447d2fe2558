// One address with its calls: gives each datagram to the call it belongs to, answers offers, bounds
// how many calls there are. As pure as the session.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "p2p/call_session.hpp"

namespace callweir::p2p {

struct peer_address {
  ip_address address;
  std::uint16_t port = 0;

  friend auto operator<=>(const peer_address&, const peer_address&) = default;
  /// "192.0.2.7:4000", "[2001:db8::1]:4000".
  std::string text() const;
  /// Reads what text() writes; without a port where `port_needed` is false (then 0).
  static result<peer_address> parse(std::string_view text, bool port_needed);
};

struct outgoing_datagram {
  peer_address to;
  std::vector<std::uint8_t> bytes;
};

/// Something that the program tells its user.
struct endpoint_event {
  enum class kind : std::uint8_t { connected, second, ended };
  kind what = kind::connected;
  peer_address peer;
  std::string call;
  second_report report;                                   // second only
  call_session::ending why = call_session::ending::none;  // ended only
};
/// One line of JSON without its end.
std::string to_json(const endpoint_event& event, time_point now);

class endpoint {
 public:
  static constexpr std::size_t calls_max = 32;

  /// `answer`: take calls. The speech in `config` must outlive the endpoint.
  endpoint(const session_config& config, random_source random, bool answer)
      : config_(config), random_(std::move(random)), answer_(answer) {}

  /// Begins a call; refused when there are too many or one with this peer already.
  result<std::string> call(const peer_address& peer, time_point now);
  void on_datagram(const peer_address& from, bytes_view datagram, time_point now);
  void on_time(time_point now);
  /// The far future when there is nothing to wait for.
  time_point next_time() const;
  void hang_up_all(time_point now);

  std::vector<outgoing_datagram> take_datagrams() { return std::exchange(out_, {}); }
  std::vector<endpoint_event> take_events() { return std::exchange(events_, {}); }
  std::size_t calls() const { return sessions_.size(); }
  /// Datagrams that belonged to nothing.
  std::uint64_t strays() const { return strays_; }

 private:
  struct entry {
    std::unique_ptr<call_session> session;
    bool announced = false;
  };
  /// Collects what the session has to say; true when it has ended.
  bool collect(const peer_address& peer, entry& e);
  session_config next_config();

  session_config config_;
  random_source random_;
  bool answer_;
  std::map<peer_address, entry> sessions_;
  std::vector<outgoing_datagram> out_;
  std::vector<endpoint_event> events_;
  std::uint64_t strays_ = 0;
};

}  // namespace callweir::p2p
