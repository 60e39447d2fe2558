#include "classify/calls/call_book.hpp"

#include <algorithm>

#include "classify/calls/flow_tuple.hpp"

namespace callweir::classify {
namespace {

constexpr std::uint32_t flows_a_call = 8;  // bound of the flow table
constexpr nanoseconds sessions_idle = std::chrono::minutes(5);
constexpr nanoseconds hold_max = std::chrono::minutes(10);  // a SIP call on hold sends nothing
constexpr nanoseconds after_bye = std::chrono::seconds(2);
constexpr nanoseconds sweep_every = std::chrono::seconds(10);

bool same_claims(const attach_request& a, const attach_request& b) {
  verdict x = a.call_what, y = b.call_what;
  x.reasons = y.reasons = 0;  // no policy looks at them
  return a.call == b.call && a.emergency == b.emergency && x == y;
}

}  // namespace

call_book::call_book(const call_tracker_config& config, host_profiles& hosts)
    : config_(config), hosts_(hosts) {
  config_.calls_max = std::max<std::uint32_t>(1, config_.calls_max);
}

call_entry* call_book::entry(call_slot slot) {
  return slot < calls_.size() ? calls_[slot].get() : nullptr;
}
const call_entry* call_book::entry(call_slot slot) const {
  return slot < calls_.size() ? calls_[slot].get() : nullptr;
}

std::vector<call_slot> call_book::active() const {
  std::vector<call_slot> out;
  out.reserve(active_);
  for (call_slot slot = 0; slot < calls_.size(); ++slot) {
    if (calls_[slot] != nullptr) out.push_back(slot);
  }
  return out;
}

call_book::flow_entry* call_book::track(const flow_event& event) {
  auto found = flows_.find(event.flow.id);
  if (found == flows_.end()) {
    if (flows_.size() >= std::size_t{config_.calls_max} * flows_a_call) return nullptr;
    found = flows_.try_emplace(event.flow.id).first;
    flow_entry& fresh = found->second;
    fresh.flow = event.flow;
    fresh.first = event.totals.first.ns != 0 ? event.totals.first : event.at;
    fresh.what = event.what;
    tuples_[tuple_key(event.flow, 0)] = event.flow.id;
  }
  flow_entry& flow = found->second;
  if (event.what.voip) flow.what = event.what;
  if (event.ties.dialog != 0) flow.ties.dialog = event.ties.dialog;
  if (event.ties.ice_session != 0) flow.ties.ice_session = event.ties.ice_session;
  flow.ties.ice |= event.ties.ice;
  flow.ties.relayed |= event.ties.relayed;
  flow.ties.emergency = event.ties.emergency;
  return &flow;
}

call_book::session* call_book::session_of(session_map& map, std::uint64_t key, time_point at) {
  if (key == 0) return nullptr;
  const auto found = map.find(key);
  if (found != map.end()) {
    found->second.last = std::max(found->second.last, at);
    return &found->second;
  }
  if (map.size() >= std::size_t{config_.calls_max} * 2) return nullptr;
  session& fresh = map[key];
  fresh.last = at;
  return &fresh;
}

void call_book::mark(call_slot slot) {
  call_entry* call = entry(slot);
  if (call == nullptr || call->queued) return;
  call->queued = true;
  touched_.push_back(slot);
}

void call_book::on_verdict(const flow_event& event) {
  const bool tied = event.ties.dialog != 0 || event.ties.ice_session != 0;
  if (!event.what.voip && !tied && !flows_.contains(event.flow.id)) return;
  flow_entry* flow = track(event);
  if (flow == nullptr) return;
  flow->what = event.what;
  if (flow->call != no_call || !flow->had_call)
    place(*flow, event.at);  // else: only media bring it back
  mark(flow->call);
  call_entry* call = entry(flow->call);
  if (call == nullptr) return;
  if (call_member* m = call->member(event.flow.id)) {
    m->what = flow->what;
    m->emergency = flow->ties.emergency;
  }
  call->relayed |= flow->ties.relayed;
  if (is_media(flow->what.role)) call->last_seen = std::max(call->last_seen, event.totals.last);
  if (!call->is_call()) {
    dissolve(flow->call);
    return;
  }
  call->sum_up();
}

void call_book::on_media(const flow_event& event) {
  flow_entry* flow = track(event);
  if (flow == nullptr) return;
  const bool heard = event.media.way[0].packets > 0 || event.media.way[1].packets > 0;
  if (heard && flow->call == no_call) place(*flow, event.at);
  call_entry* call = entry(flow->call);
  if (call == nullptr) return;
  call_member* m = call->member(event.flow.id);
  if (m == nullptr) return;
  if (m->emergency != flow->ties.emergency) {  // a peer was configured, or is one no more
    m->emergency = flow->ties.emergency;
    call->sum_up();
  }
  if (heard) call->last_seen = std::max(call->last_seen, event.totals.last);
  // A flow's last second is a part of one; silence suppression sends more often than twice a
  // second.
  const double lived_s = to_seconds(event.totals.last - event.media.second);
  call->add_sample(*m, event.media, lived_s > 0 && lived_s < 0.5 ? lived_s : 1);
}

void call_book::on_dialog(const flow_event& event) {
  using step = dialog_notice::step;
  const dialog_notice& notice = event.dialog;
  session* dialog = session_of(dialogs_, notice.dialog, event.at);
  if (dialog == nullptr) return;
  if (notice.what == step::offered && !dialog->has_caller && notice.endpoints > 0) {
    dialog->caller = notice.media[0].address;
    dialog->has_caller = true;
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(notice.endpoints, notice.media.size()); ++i) {
    const codec announced = notice.media[i].voice_codec;
    if (announced == codec::unknown || notice.media[i].role == flow_role::video) continue;
    if (dialog->announced == codec::unknown || notice.what == step::answered)
      dialog->announced = announced;
  }
  dialog->emergency |= notice.emergency;
  dialog->answered |= notice.what == step::answered;
  dialog->ended |= notice.what == step::ended;
  if (flow_entry* signalling = track(event)) {
    // The notice names the dialog; the flow may carry several.
    if (signalling->ties.dialog == 0) signalling->ties.dialog = notice.dialog;
    const std::uint64_t id = event.flow.id;
    if (dialog->call == no_call) {
      const bool listed =
          std::find(dialog->waiting.begin(), dialog->waiting.end(), id) != dialog->waiting.end();
      if (!listed && dialog->waiting.size() < waiting_max) dialog->waiting.push_back(id);
    } else if (signalling->call == no_call) {
      join(*signalling, dialog->call, event.at);
    }
  }
  mark(dialog->call);
  if (call_entry* call = entry(dialog->call)) apply_dialog(*call, *dialog);
}

void call_book::on_closed(const flow_event& event) {
  const auto found = flows_.find(event.flow.id);
  if (found == flows_.end()) return;
  if (event.what.voip && !found->second.what.voip) on_verdict(event);  // decided by its end
  mark(found->second.call);
  if (call_entry* call = entry(found->second.call)) {
    if (call_member* m = call->member(event.flow.id)) {
      m->live = false;
      if (event.what.voip) m->what = event.what;
      if (is_media(m->what.role)) call->last_seen = std::max(call->last_seen, event.totals.last);
    }
    if (call->is_call()) {
      call->sum_up();
    } else {
      dissolve(found->second.call);
    }
  }
  const auto tuple = tuples_.find(tuple_key(event.flow, 0));
  if (tuple != tuples_.end() && tuple->second == event.flow.id) tuples_.erase(tuple);
  flows_.erase(found);
}

/// Of some calls, in turn, the one silent for longest: whom a new call displaces when all slots are
/// taken. Looking at all of them would take longer than a call takes to open.
call_slot call_book::silent_for_long() {
  constexpr int candidates = 16;
  call_slot chosen = victim_at_;
  for (int i = 0; i < candidates; ++i) {
    victim_at_ = victim_at_ + 1 < calls_.size() ? victim_at_ + 1 : 0;
    const call_entry& a = *calls_[victim_at_];
    const call_entry& b = *calls_[chosen];
    if (std::max(a.start, a.last_media) < std::max(b.start, b.last_media)) chosen = victim_at_;
  }
  return chosen;
}

call_slot call_book::open_call(time_point start) {
  call_slot slot = no_call;
  if (calls_.size() < config_.calls_max) {
    slot = static_cast<call_slot>(calls_.size());
    calls_.emplace_back();
  } else {
    if (free_.empty()) end_call(silent_for_long());
    slot = free_.front();
    free_.pop_front();
    // Flows that outlived the slot's last call must not count as the new one's.
    if (const auto left = left_behind_.find(slot); left != left_behind_.end()) {
      for (const std::uint64_t id : left->second) {
        const auto flow = flows_.find(id);
        if (flow == flows_.end() || flow->second.told.call != slot) continue;
        flow->second.told.call = no_call;
        flow->second.told.call_what = {};
        flow->second.told.emergency = false;
        requests_.push_back(flow->second.told);
      }
      left_behind_.erase(left);
    }
  }
  calls_[slot] = std::make_unique<call_entry>();
  call_entry& fresh = *calls_[slot];
  fresh.shown.slot = slot;
  fresh.shown.id = "c" + std::to_string(++calls_count_);
  fresh.start = fresh.last_media = fresh.last_seen = start;
  ++active_;
  mark(slot);
  return slot;
}

/// What was taken for media turned out to be something else: there was no call.
void call_book::dissolve(call_slot slot) {
  for (const call_member& m : calls_[slot]->members) {
    const auto flow = flows_.find(m.flow);
    if (flow == flows_.end() || flow->second.told.call != slot) continue;
    attach_request gone = flow->second.told;
    gone.call = no_call;
    gone.call_what = {};
    gone.emergency = false;
    flow->second.told = gone;
    gone.mistaken = true;
    requests_.push_back(gone);
  }
  free_slot(slot);
}

void call_book::free_slot(call_slot slot) {
  std::vector<std::uint64_t>& left = left_behind_[slot];
  for (const call_member& m : calls_[slot]->members) {
    const auto flow = flows_.find(m.flow);
    if (flow == flows_.end()) continue;
    if (flow->second.call == slot) flow->second.call = no_call;
    if (flow->second.told.call == slot) left.push_back(m.flow);
  }
  if (left.empty()) left_behind_.erase(slot);
  for (const session_key& key : calls_[slot]->sessions) {
    session_map& map = key.ice ? ices_ : dialogs_;
    const auto found = map.find(key.key);
    if (found != map.end() && found->second.call == slot) found->second.call = no_call;
  }
  for (const std::uint64_t key : calls_[slot]->places) {
    const auto range = places_.equal_range(key);
    for (auto it = range.first; it != range.second;
         it = it->second == slot ? places_.erase(it) : std::next(it)) {
    }
  }
  calls_[slot].reset();
  free_.push_back(slot);
  --active_;
}

void call_book::end_call(call_slot slot) {
  call_entry& call = *calls_[slot];
  call.shown.ended = true;
  ended_.push_back(call.record());
  ++ended_count_;
  if (ended_.size() > ended_max) ended_.pop_front();
  free_slot(slot);
}

std::vector<call_record> call_book::take_ended() {
  const std::uint64_t fresh = std::min<std::uint64_t>(ended_count_ - ended_taken_, ended_.size());
  ended_taken_ = ended_count_;
  return {ended_.end() - static_cast<std::ptrdiff_t>(fresh), ended_.end()};
}

bool call_book::over(const call_entry& call, time_point now) const {
  if (call.media.none() && call.any_live_media())
    return false;  // not measured: it lives as its flow does
  const nanoseconds silent = now - std::max(call.last_media, call.start);
  if (call.dialog != 0 && call.dialog_ended) return silent >= after_bye;
  if (call.dialog != 0 && call.dialog_answered)
    return silent >= std::max(hold_max, config_.call_idle);
  return silent >= config_.call_idle;
}

void call_book::tick(time_point now) {
  for (call_slot slot = 0; slot < calls_.size(); ++slot) {
    if (calls_[slot] == nullptr) continue;
    merge_returned(slot, now);
    if (calls_[slot] != nullptr && over(*calls_[slot], now)) end_call(slot);
    mark(slot);
  }
  if (now - swept_ < sweep_every && now >= swept_) return;
  swept_ = now;
  for (session_map* map : {&dialogs_, &ices_}) {
    std::erase_if(*map, [&](const auto& item) {
      return item.second.call == no_call && now - item.second.last > sessions_idle;
    });
  }
}

std::vector<attach_request> call_book::take_requests() {
  std::vector<attach_request> out = std::move(requests_);
  requests_.clear();
  for (const call_slot slot : touched_) {
    call_entry* call = calls_[slot].get();
    if (call == nullptr) continue;
    call->queued = false;
    if (!call->changed) continue;
    call->changed = false;
    for (const call_member& m : call->members) {
      const auto found = flows_.find(m.flow);
      if (!m.live || found == flows_.end()) continue;
      flow_entry& flow = found->second;
      const attach_request wanted{flow.flow.worker, flow.flow.index,      m.flow, slot,
                                  call->shown.what, call->shown.emergency};
      if (same_claims(flow.told, wanted)) continue;
      flow.told = wanted;
      out.push_back(wanted);
    }
  }
  touched_.clear();
  return out;
}

}  // namespace callweir::classify
