// What flows tell each other: media addresses announced by signalling, inside endpoints that are in
// a call or probe like Skype, relays that a call uses, host pairs that stream by RTSP. One
// worker's.
#pragma once

#include <string_view>
#include <vector>

#include "classify/detectors/keyed_table.hpp"
#include "classify/detectors/sip.hpp"
#include "classify/detectors/skype_classic.hpp"
#include "classify/inspector.hpp"

namespace callweir::classify {

/// Media address that signalling announced.
struct expectation {
  std::uint64_t dialog;
  codec voice_codec;
  flow_role role;
  bool answered, emergency, ended;
};

/// A call in clear SIP, by its Call-ID.
struct dialog_state {
  std::array<dialog_notice::media_endpoint, 4> media;
  std::uint8_t endpoints;
  bool emergency, answered;
};

/// An inside address and UDP port; also relays and host pairs, each under keys of their own.
struct endpoint_state {
  skype_endpoint skype;
  bool in_call;
  std::uint8_t voice_ways;  // of a pair: directions in which one-way voice goes, a bit each
};

class call_context {
 public:
  explicit call_context(const inspector::config& config);

  std::uint64_t endpoint_key(const ip_address& address, std::uint16_t port) const noexcept;
  std::uint64_t relay_key(const ip_address& inside, const ip_address& server,
                          std::uint16_t port) const noexcept;
  std::uint64_t pair_key(const ip_address& a, const ip_address& b) const noexcept;

  endpoint_state& claim(std::uint64_t key, time_point now) noexcept;
  const endpoint_state* find(std::uint64_t key, time_point now) noexcept;

  /// Other numbers from now on; the list outlives its use.
  void set_emergency_numbers(const std::vector<std::string>& numbers) noexcept {
    emergency_numbers_ = &numbers;
  }
  /// Follows one SIP message. True: `out` is worth telling.
  bool follow(const sip_message& message, time_point now, dialog_notice& out) noexcept;
  /// Remembers announced addresses (by this worker's signalling or another's).
  void expect(const dialog_notice& notice, time_point now) noexcept;
  const expectation* expected(const ip_address& address, std::uint16_t port,
                              time_point now) noexcept;

  std::uint64_t dialog_key(std::string_view call_id) const noexcept;
  std::size_t memory_bytes() const noexcept;
  /// Time of the newest packet that asked or told anything.
  time_point newest() const noexcept { return newest_; }

 private:
  time_point newest_;
  std::vector<std::string> own_numbers_;
  const std::vector<std::string>* emergency_numbers_;
  std::array<std::uint64_t, 2> seed_;
  keyed_table<endpoint_state> endpoints_;
  keyed_table<expectation> expectations_;
  keyed_table<dialog_state> dialogs_;
};

}  // namespace callweir::classify
