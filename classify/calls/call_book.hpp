// The calls there are and which flow belongs to which. A media flow belongs to, in this order: the
// call of its SIP dialog; the call of its ICE session; the call it is in already; the call of the
// RTP flow on the adjacent ports; a call whose media died and whose endpoint or parties it has; a
// call of its own. Never by addresses alone while the other call's media are alive. Control thread
// only; every table is bounded.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "classify/call_tracker.hpp"
#include "classify/calls/call_entry.hpp"
#include "classify/calls/host_profiles.hpp"

namespace callweir::classify {

class call_book {
 public:
  call_book(const call_tracker_config& config, host_profiles& hosts);

  void on_verdict(const flow_event& event);
  void on_media(const flow_event& event);
  void on_dialog(const flow_event& event);
  void on_closed(const flow_event& event);
  void tick(time_point now);

  std::vector<attach_request> take_requests();
  std::vector<call_slot> active() const;
  call_entry* entry(call_slot slot);
  const call_entry* entry(call_slot slot) const;
  const std::deque<call_record>& ended() const { return ended_; }
  std::vector<call_record> take_ended();

 private:
  static constexpr std::size_t ended_max = 10'000;
  static constexpr std::size_t waiting_max = 16;  // flows of a session that has no call yet

  struct flow_entry {
    flow_identity flow;
    verdict what;
    call_ties ties;
    call_slot call = no_call;
    time_point first;
    bool had_call = false;  // of a flow without a call: its call is over
    attach_request told;    // what the worker knows
  };
  /// A SIP dialog or an ICE session.
  struct session {
    call_slot call = no_call;
    std::vector<std::uint64_t> waiting;
    time_point last;
    ip_address caller;                 // media address of the first offer
    codec announced = codec::unknown;  // of its voice, the answer's rather than the offer's
    bool has_caller = false, answered = false, ended = false, emergency = false;
  };
  using session_map = std::unordered_map<std::uint64_t, session>;
  using place_map = std::unordered_multimap<std::uint64_t, call_slot>;

  flow_entry* track(const flow_event& event);
  session* session_of(session_map& map, std::uint64_t key, time_point at);

  // Which call (call_placing.cpp).
  void place(flow_entry& flow, time_point at);
  call_slot find_call(const flow_entry& flow, time_point at);
  call_slot adjacent_call(const flow_entry& flow);
  call_slot returning_call(const flow_entry& flow, time_point at) const;
  bool may_merge(call_slot a, call_slot b) const;
  void remember_place(call_entry& call, std::uint64_t key);
  void bind_session(session* of, session_key key, call_slot call, time_point at);
  void adopt_control_flow(const flow_entry& media, call_slot call, time_point at);
  void apply_dialog(call_entry& call, const session& dialog);
  void join(flow_entry& flow, call_slot call, time_point at);
  void merge(call_slot from, call_slot into);
  void merge_returned(call_slot slot, time_point now);

  void mark(call_slot slot);
  call_slot silent_for_long();
  call_slot open_call(time_point start);
  void end_call(call_slot slot);
  void dissolve(call_slot slot);
  void free_slot(call_slot slot);
  bool over(const call_entry& call, time_point now) const;

  call_tracker_config config_;
  host_profiles& hosts_;
  std::vector<std::unique_ptr<call_entry>> calls_;  // by slot
  std::deque<call_slot> free_;                      // oldest first, so that slots rest before reuse
  std::unordered_map<call_slot, std::vector<std::uint64_t>>
      left_behind_;                                      // live flows of ended calls
  std::unordered_map<std::uint64_t, flow_entry> flows_;  // telephony flows that are open, by id
  std::unordered_map<std::uint64_t, std::uint64_t>
      tuples_;  // hash of addresses and ports -> flow id
  session_map dialogs_, ices_;
  place_map places_;                      // by endpoint and by pair of parties
  std::vector<attach_request> requests_;  // detachments
  std::deque<call_record> ended_;
  std::uint64_t ended_count_ = 0, ended_taken_ = 0;
  std::uint64_t calls_count_ = 0;
  std::size_t active_ = 0;
  std::vector<call_slot> touched_;  // calls of which workers may have to be told
  call_slot victim_at_ = 0;
  time_point swept_;
};

}  // namespace callweir::classify
