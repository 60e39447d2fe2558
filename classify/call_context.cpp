#include "classify/call_context.hpp"

#include <algorithm>

namespace callweir::classify {
namespace {

constexpr nanoseconds endpoint_life =
    std::chrono::seconds(180);  // the largest regular gap of Skype
constexpr nanoseconds dialog_life = std::chrono::hours(12);
constexpr nanoseconds expectation_life = std::chrono::hours(12);

std::uint64_t hash_address(const ip_address& a, std::uint64_t seed) noexcept {
  return mix(mix(a.high, seed), a.low);
}

}  // namespace

call_context::call_context(const inspector::config& config)
    : own_numbers_(config.emergency_numbers),
      emergency_numbers_(&own_numbers_),
      seed_(config.seed),
      endpoints_(config.endpoints_max, config.touch),
      expectations_(config.expectations_max, config.touch),
      dialogs_(std::max<std::uint32_t>(config.expectations_max / 4, 64), config.touch) {}

std::uint64_t call_context::endpoint_key(const ip_address& address,
                                         std::uint16_t port) const noexcept {
  return mix(hash_address(address, seed_[0]), 0x10000u + port);
}
std::uint64_t call_context::relay_key(const ip_address& inside, const ip_address& server,
                                      std::uint16_t port) const noexcept {
  return mix(mix(hash_address(inside, seed_[0]), hash_address(server, seed_[1])), 0x20000u + port);
}
std::uint64_t call_context::pair_key(const ip_address& a, const ip_address& b) const noexcept {
  const std::uint64_t x = hash_address(a, seed_[1]), y = hash_address(b, seed_[1]);
  return mix(std::min(x, y), std::max(x, y));
}
std::uint64_t call_context::dialog_key(std::string_view call_id) const noexcept {
  return hash_bytes(call_id.data(), call_id.size(), seed_[0] ^ seed_[1]) | 1;
}

endpoint_state& call_context::claim(std::uint64_t key, time_point now) noexcept {
  return endpoints_.claim(key, now, endpoint_life);
}
const endpoint_state* call_context::find(std::uint64_t key, time_point now) noexcept {
  return endpoints_.find(key, now, endpoint_life);
}

void call_context::expect(const dialog_notice& notice, time_point now) noexcept {
  for (int i = 0; i < std::min<int>(notice.endpoints, 4); ++i) {
    const auto& end = notice.media[static_cast<std::size_t>(i)];
    const std::uint64_t key = endpoint_key(end.address, end.port);
    expectation& e = expectations_.claim(key, now, expectation_life);
    if (notice.what == dialog_notice::step::ended) {
      if (e.dialog == notice.dialog) expectations_.erase(key);
      continue;
    }
    e = {notice.dialog,    end.voice_codec,
         end.role,         notice.what == dialog_notice::step::answered,
         notice.emergency, false};
  }
}

const expectation* call_context::expected(const ip_address& address, std::uint16_t port,
                                          time_point now) noexcept {
  newest_ = now;
  const expectation* e = expectations_.find(endpoint_key(address, port), now, expectation_life);
  return e != nullptr && e->dialog != 0 ? e : nullptr;
}

bool call_context::follow(const sip_message& m, time_point now, dialog_notice& out) noexcept {
  if (m.call_id.empty()) return false;
  const bool invite = m.method == "INVITE", bye = m.method == "BYE" || m.method == "CANCEL";
  const bool offer_in_ack =
      m.request && (m.method == "ACK" || m.method == "PRACK" || m.method == "UPDATE");
  const bool refused =
      !m.request && invite && m.status >= 300 && m.status != 401 && m.status != 407;
  if (!invite && !bye && !offer_in_ack) return false;
  out = {};
  out.dialog = dialog_key(m.call_id);
  dialog_state& d = dialogs_.claim(out.dialog, now, dialog_life);
  if (m.request && invite &&
      (is_emergency(m.uri, *emergency_numbers_) || is_emergency(m.to, *emergency_numbers_))) {
    d.emergency = true;
  }
  std::array<dialog_notice::media_endpoint, 4> found{};
  const int count = m.body.empty() ? 0 : parse_sdp(m.body, found);
  for (int i = 0; i < count; ++i) {
    const auto& end = found[static_cast<std::size_t>(i)];
    const auto known =
        std::find_if(d.media.begin(), d.media.begin() + d.endpoints,
                     [&](const auto& k) { return k.address == end.address && k.port == end.port; });
    if (known != d.media.begin() + d.endpoints)
      *known = end;
    else if (d.endpoints < 4)
      d.media[d.endpoints++] = end;
  }
  if (!m.request && invite && m.status >= 200 && m.status < 300) d.answered = true;
  const bool ended = (bye && m.request) || (refused && !d.answered);
  out.what = ended        ? dialog_notice::step::ended
             : d.answered ? dialog_notice::step::answered
                          : dialog_notice::step::offered;
  out.emergency = d.emergency;
  out.endpoints = d.endpoints;
  out.media = d.media;
  const bool tell = ended || count > 0 || (m.request && invite) || (!m.request && m.status >= 200);
  if (ended) dialogs_.erase(out.dialog);
  return tell;
}

std::size_t call_context::memory_bytes() const noexcept {
  return endpoints_.memory_bytes() + expectations_.memory_bytes() + dialogs_.memory_bytes();
}

}  // namespace callweir::classify
