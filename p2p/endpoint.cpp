#include "p2p/endpoint.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace callweir::p2p {

std::string peer_address::text() const {
  return address.is_v4() ? fmt::format("{}:{}", address.text(), port)
                         : fmt::format("[{}]:{}", address.text(), port);
}

result<peer_address> peer_address::parse(std::string_view text, bool port_needed) {
  const char* const shape = port_needed ? "wanted is ADDRESS:PORT or [IPv6]:PORT, 192.0.2.7:4000"
                                        : "wanted is ADDRESS, ADDRESS:PORT or [IPv6]:PORT";
  const auto wrong = [&] { return fail("not an address: '" + std::string(text) + "'", {}, shape); };
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return wrong();
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return wrong();
    if (!port.empty()) port.remove_prefix(1);
  } else if (const auto colon = text.find(':');
             colon != std::string_view::npos &&
             text.find(':', colon + 1) == std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return wrong();
  }
  peer_address out;
  const auto address = ip_address::parse(host);
  if (!address) return wrong();
  out.address = *address;
  if (!port.empty()) {
    const auto [rest, status] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (status != std::errc() || rest != port.data() + port.size()) return wrong();
  }
  if (port_needed && out.port == 0) return wrong();
  return out;
}

std::string to_json(const endpoint_event& event, time_point now) {
  const std::string peer = event.peer.text();
  switch (event.what) {
    case endpoint_event::kind::second:
      return to_json(event.report, event.call, peer);
    case endpoint_event::kind::connected:
      return fmt::format(R"({{"type":"connected","time":{:.3f},"call":"{}","peer":"{}"}})",
                         now.seconds(), event.call, peer);
    case endpoint_event::kind::ended:
      break;
  }
  return fmt::format(R"({{"type":"ended","time":{:.3f},"call":"{}","peer":"{}","why":"{}"}})",
                     now.seconds(), event.call, peer, ending_name(event.why));
}

session_config endpoint::next_config() {
  // Both ends of a call may share one recording: each begins at a place of its own.
  session_config config = config_;
  std::array<std::uint8_t, 4> at;
  random_(at);
  for (const std::uint8_t b : at) config.speech_start = config.speech_start << 8 | b;
  return config;
}

result<std::string> endpoint::call(const peer_address& peer, time_point now) {
  if (sessions_.size() >= calls_max) return fail("too many calls", peer.text());
  if (sessions_.contains(peer)) return fail("there is a call already", peer.text());
  auto& made = sessions_[peer];
  made.session = std::make_unique<call_session>(next_config(), random_, now);
  std::string id = made.session->id_text();
  collect(peer, made);
  return id;
}

void endpoint::on_datagram(const peer_address& from, bytes_view datagram, time_point now) {
  auto found = sessions_.find(from);
  if (found == sessions_.end()) {
    const auto offer = answer_ ? open_hello(datagram, config_.network) : std::nullopt;
    if (!offer || offer->what != hello::kind::offer || sessions_.size() >= calls_max) {
      ++strays_;
      return;
    }
    found = sessions_.emplace(from, entry{}).first;
    found->second.session = std::make_unique<call_session>(next_config(), random_, *offer, now);
  } else {
    found->second.session->on_datagram(datagram, now);
  }
  if (collect(from, found->second)) sessions_.erase(found);
}

void endpoint::on_time(time_point now) {
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    it->second.session->on_time(now);
    it = collect(it->first, it->second) ? sessions_.erase(it) : std::next(it);
  }
}

time_point endpoint::next_time() const {
  time_point next{std::numeric_limits<std::int64_t>::max()};
  for (const auto& [peer, e] : sessions_) next = std::min(next, e.session->next_time());
  return next;
}

void endpoint::hang_up_all(time_point now) {
  for (auto& [peer, e] : sessions_) {
    e.session->hang_up(now);
    collect(peer, e);
  }
  sessions_.clear();
}

bool endpoint::collect(const peer_address& peer, entry& e) {
  call_session& session = *e.session;
  for (auto& bytes : session.take_datagrams()) out_.push_back({peer, std::move(bytes)});
  if (session.now_in() == call_session::state::active && !e.announced) {
    e.announced = true;
    events_.push_back({endpoint_event::kind::connected, peer, session.id_text(), {}, {}});
  }
  for (auto& report : session.take_reports()) {
    events_.push_back({endpoint_event::kind::second, peer, session.id_text(), report, {}});
  }
  if (session.now_in() != call_session::state::ended) return false;
  events_.push_back({endpoint_event::kind::ended, peer, session.id_text(), {}, session.ended_by()});
  return true;
}

}  // namespace callweir::p2p
