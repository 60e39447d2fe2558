// Which call a flow belongs to.
#include <algorithm>

#include "base/applications.hpp"
#include "classify/calls/call_book.hpp"
#include "classify/calls/flow_tuple.hpp"

namespace callweir::classify {
namespace {

constexpr nanoseconds dead_after =
    std::chrono::milliseconds(1500);  // no packet of its media for so long
constexpr nanoseconds return_within = std::chrono::seconds(30);
constexpr nanoseconds overlap_max = std::chrono::seconds(10);  // old and new path side by side
constexpr nanoseconds together_within =
    std::chrono::seconds(5);  // audio and video of one call begin
constexpr std::size_t places_max = 2 * members_max;
constexpr std::size_t sessions_max = 32;  // ICE restarts and dialogs of one call

}  // namespace

/// The one call whose media died and whose endpoint, else whose parties, this flow has. A softphone
/// comes back by its own port whoever it reaches now; plain RTP says too little for that, because
/// gateways use their ports again for other calls. Signalling in clear tells calls apart by itself.
call_slot call_book::returning_call(const flow_entry& flow, time_point at) const {
  if (flow.ties.dialog != 0) return no_call;
  for (const bool by_endpoint : {true, false}) {
    if (by_endpoint && flow.what.app == app_rtp) continue;
    call_slot only = no_call;
    const auto range =
        places_.equal_range(by_endpoint ? endpoint_key(flow.flow) : pair_key(flow.flow));
    for (auto it = range.first; it != range.second; ++it) {
      const call_entry& call = *calls_[it->second];
      const nanoseconds silent = at - call.last_media;
      if (call.dialog != 0 || call.shown.what.app != flow.what.app || silent > return_within)
        continue;
      if (silent < dead_after && call.any_live_media())
        return no_call;                     // alive: this is another call
      if (only != no_call) return no_call;  // two to choose from
      only = it->second;
    }
    if (only != no_call) return only;
  }
  return no_call;
}

void call_book::remember_place(call_entry& call, std::uint64_t key) {
  const bool known = std::find(call.places.begin(), call.places.end(), key) != call.places.end();
  if (known || call.places.size() >= places_max) return;
  call.places.push_back(key);
  places_.emplace(key, call.shown.slot);
}

/// Two dialogs in clear are two calls, whatever flow seems to belong to both.
bool call_book::may_merge(call_slot a, call_slot b) const {
  const call_entry& x = *calls_[a];
  const call_entry& y = *calls_[b];
  return x.dialog == 0 || y.dialog == 0 || x.dialog == y.dialog;
}

call_slot call_book::adjacent_call(const flow_entry& flow) {
  const auto at_ports = [&](int shift) -> const flow_entry* {
    const auto tuple = tuples_.find(tuple_key(flow.flow, shift));
    if (tuple == tuples_.end()) return nullptr;
    const auto found = flows_.find(tuple->second);
    return found == flows_.end() || found->second.call == no_call ? nullptr : &found->second;
  };
  if (flow.flow.protocol != proto_udp) return no_call;
  if (!is_media(flow.what.role)) {  // RTCP one port above its RTP (RFC 3550 11)
    const flow_entry* rtp = at_ports(-1);
    return rtp != nullptr && is_media(rtp->what.role) ? rtp->call : no_call;
  }
  for (const int shift :
       {-2, 2}) {  // audio and video without signalling: pairs of ports side by side
    const flow_entry* beside = at_ports(shift);
    if (beside == nullptr || !is_media(beside->what.role) || beside->what.role == flow.what.role)
      continue;
    const nanoseconds apart =
        flow.first > beside->first ? flow.first - beside->first : beside->first - flow.first;
    if (beside->what.app == flow.what.app && apart < together_within) return beside->call;
  }
  return no_call;
}

call_slot call_book::find_call(const flow_entry& flow, time_point at) {
  for (const session* s :
       {session_of(dialogs_, flow.ties.dialog, at), session_of(ices_, flow.ties.ice_session, at)}) {
    if (s == nullptr || s->call == no_call) continue;
    if (flow.call == no_call || may_merge(flow.call, s->call)) return s->call;
  }
  if (flow.call != no_call) return flow.call;
  if (const call_slot beside = adjacent_call(flow); beside != no_call) return beside;
  return is_media(flow.what.role) ? returning_call(flow, at) : no_call;
}

void call_book::place(flow_entry& flow, time_point at) {
  const bool media = is_media(flow.what.role);
  if (const call_entry* now = entry(flow.call)) {
    if (!media) return;  // a trunk's signalling stays with the first of its calls that lives
    const bool next_dialog =
        now->dialog_ended && flow.ties.dialog != 0 && flow.ties.dialog != now->dialog;
    if (next_dialog) end_call(flow.call);  // the ports serve the next call already
  }
  call_slot call = find_call(flow, at);
  if (call == no_call && media) {
    call = open_call(flow.had_call ? at : flow.first);
    hosts_.count_call(inside_end(flow.flow).address, at);
  }
  session* dialog = session_of(dialogs_, flow.ties.dialog, at);
  session* ice = session_of(ices_, flow.ties.ice_session, at);
  if (call == no_call) {
    for (session* s : {dialog, ice}) {
      if (s == nullptr) continue;
      const bool listed =
          std::find(s->waiting.begin(), s->waiting.end(), flow.flow.id) != s->waiting.end();
      if (!listed && s->waiting.size() < waiting_max) s->waiting.push_back(flow.flow.id);
    }
    return;
  }
  if (flow.call != no_call && flow.call != call) merge(flow.call, call);
  if (flow.call != call) join(flow, call, at);
  bind_session(dialog, {false, flow.ties.dialog}, call, at);
  bind_session(ice, {true, flow.ties.ice_session}, call, at);
  if (media) adopt_control_flow(flow, call, at);
  calls_[call]->sum_up();
}

void call_book::bind_session(session* of, session_key key, call_slot slot, time_point at) {
  if (of == nullptr) return;
  if (of->call != slot && of->call != no_call) {
    if (!may_merge(of->call, slot)) return;
    merge(of->call, slot);
  }
  call_entry& call = *calls_[slot];
  const bool known =
      std::find(call.sessions.begin(), call.sessions.end(), key) != call.sessions.end();
  if (!known) {
    if (call.sessions.size() >= sessions_max) return;
    call.sessions.push_back(key);
  }
  of->call = slot;
  for (const std::uint64_t id : of->waiting) {
    const auto waiting = flows_.find(id);
    if (waiting != flows_.end() && waiting->second.call == no_call) join(waiting->second, slot, at);
  }
  of->waiting.clear();
  if (key.ice) return;
  if (call.dialog == 0) call.dialog = key.key;
  if (call.dialog == key.key) apply_dialog(call, *of);
}

void call_book::apply_dialog(call_entry& call, const session& dialog) {
  call.dialog_answered = dialog.answered;
  call.dialog_ended = dialog.ended;
  call.dialog_emergency = dialog.emergency;
  // What the packets show wins over what was announced.
  if (call.shown.voice_codec == codec::unknown) call.shown.voice_codec = dialog.announced;
  // Media addresses behind a translation are not the flow's: then the first media flow's initiator
  // stands.
  call.has_caller = dialog.has_caller;
  call.caller = dialog.caller;
  call.sum_up();
}

/// RTCP that was seen before its RTP.
void call_book::adopt_control_flow(const flow_entry& media, call_slot call, time_point at) {
  if (media.flow.protocol != proto_udp) return;
  const auto tuple = tuples_.find(tuple_key(media.flow, 1));
  if (tuple == tuples_.end()) return;
  const auto control = flows_.find(tuple->second);
  if (control == flows_.end() || control->second.call != no_call ||
      is_media(control->second.what.role))
    return;
  join(control->second, call, at);
}

void call_book::join(flow_entry& flow, call_slot slot, time_point at) {
  call_entry& call = *calls_[slot];
  const bool known = call.member(flow.flow.id) != nullptr;
  if (!known && !call.add_member(flow.flow, flow.what, flow.ties)) return;
  flow.call = slot;
  flow.had_call = true;
  call.changed = true;
  mark(slot);
  if (!is_media(flow.what.role)) return;
  call.start = std::min(call.start, flow.first);
  call.last_media = std::max(call.last_media, at);
  remember_place(call, endpoint_key(flow.flow));
  remember_place(call, pair_key(flow.flow));
}

/// `from` turned out to be the same call as `into`: its flows and what was measured of them move,
/// its own record never appears.
void call_book::merge(call_slot from, call_slot into) {
  if (from == into) return;
  mark(into);
  call_entry& old = *calls_[from];
  call_entry& call = *calls_[into];
  const bool turn = call.parties.size() >= 2 && old.parties.size() >= 2 &&
                    call.parties[0] != old.parties[0] &&
                    (old.parties[1] == call.parties[0] || old.initiator != call.initiator);
  for (const call_member& m : old.members) {
    const auto found = flows_.find(m.flow);
    if (found != flows_.end() && found->second.call == from) {
      found->second.call = no_call;
      join(found->second, into, old.last_media);
    } else if (call.members.size() < members_max) {
      call.members.push_back(m);
      call.shown.flows.push_back(m.flow);
    }
    if (m.heard) call.add_parties(m);
  }
  if (call.shown.voice_codec == codec::unknown) call.shown.voice_codec = old.shown.voice_codec;
  for (const direction way : {forward, backward}) {
    call.quality[turn ? reverse(way) : way].absorb(old.quality[way], call.shown.voice_codec);
  }
  call.media |= old.media;
  call.start = std::min(call.start, old.start);
  call.last_media = std::max(call.last_media, old.last_media);
  call.last_seen = std::max(call.last_seen, old.last_seen);
  call.relayed |= old.relayed;
  if (call.dialog == 0 && old.dialog != 0) {
    call.dialog = old.dialog;
    call.dialog_answered = old.dialog_answered;
    call.dialog_ended = old.dialog_ended;
    call.dialog_emergency = old.dialog_emergency;
  }
  for (const session_key& key : old.sessions) {
    session_map& map = key.ice ? ices_ : dialogs_;
    const auto found = map.find(key.key);
    if (found == map.end() || found->second.call != from || call.sessions.size() >= sessions_max)
      continue;
    found->second.call = into;
    call.sessions.push_back(key);
  }
  free_slot(from);
  call.sum_up();
}

/// A call whose media went silent, and the one call that began since then, or shortly before, from
/// the same endpoint or between the same parties: a softphone moved to another path.
void call_book::merge_returned(call_slot slot, time_point now) {
  const call_entry& call = *calls_[slot];
  const nanoseconds silent = now - call.last_media;
  if (!call.has_media || call.dialog != 0 || silent < dead_after || silent > return_within) return;
  call_slot only = no_call;
  for (const std::uint64_t key : call.places) {
    const auto range = places_.equal_range(key);
    for (auto it = range.first; it != range.second; ++it) {
      const call_entry& next = *calls_[it->second];
      if (it->second == slot || it->second == only || !next.has_media || next.dialog != 0) continue;
      if (next.shown.what.app != call.shown.what.app || next.start <= call.start) continue;
      if (next.start + overlap_max < call.last_media || next.last_media <= call.last_media)
        continue;
      const bool by_pair = (key & 1) != 0;
      if (!by_pair && next.shown.what.app == app_rtp) continue;
      if (only != no_call) return;  // two to choose from
      only = it->second;
    }
  }
  if (only != no_call) merge(only, slot);
}

}  // namespace callweir::classify
