#include "classify/call_tracker.hpp"

#include <algorithm>

#include "classify/calls/call_book.hpp"
#include "classify/calls/host_profiles.hpp"

namespace callweir::classify {

struct call_tracker::impl {
  explicit impl(const call_tracker_config& config) : hosts(config.hosts_max), book(config, hosts) {}

  host_profiles hosts;
  call_book book;
};

call_tracker::call_tracker(const call_tracker_config& config)
    : impl_(std::make_unique<impl>(config)) {}
call_tracker::~call_tracker() = default;

void call_tracker::on_event(const flow_event& event) {
  impl_->hosts.on_event(event);
  switch (event.type) {
    case flow_event::kind::verdict:
      impl_->book.on_verdict(event);
      break;
    case flow_event::kind::media:
      impl_->book.on_media(event);
      break;
    case flow_event::kind::dialog:
      impl_->book.on_dialog(event);
      break;
    case flow_event::kind::closed:
      impl_->book.on_closed(event);
      break;
    case flow_event::kind::opened:
    case flow_event::kind::progress:
    case flow_event::kind::endpoint:
      break;
  }
}

void call_tracker::tick(time_point now) {
  impl_->book.tick(now);
}
std::vector<attach_request> call_tracker::take_requests() {
  return impl_->book.take_requests();
}
std::vector<call_slot> call_tracker::active() const {
  return impl_->book.active();
}

const tracked_call* call_tracker::find(call_slot slot) const {
  const call_entry* call = impl_->book.entry(slot);
  return call == nullptr ? nullptr : &call->shown;
}

std::optional<call_quality> call_tracker::quality(call_slot slot, direction way) const {
  const call_entry* call = impl_->book.entry(slot);
  if (call == nullptr) return std::nullopt;
  return call->quality[way].newest(call->shown.voice_codec);
}

void call_tracker::enforcement_began(call_slot slot, time_point at) {
  call_entry* call = impl_->book.entry(slot);
  if (call == nullptr) return;
  for (direction_quality& way : call->quality) way.enforcement_began(at);
}

call_record call_tracker::record(call_slot slot) const {
  const call_entry* call = impl_->book.entry(slot);
  return call == nullptr ? call_record{} : call->record();
}

std::vector<call_record> call_tracker::records() const {
  const auto& ended = impl_->book.ended();
  std::vector<call_record> out(ended.begin(), ended.end());
  for (const call_slot slot : active()) out.push_back(record(slot));
  std::sort(out.begin(), out.end(),
            [](const call_record& a, const call_record& b) { return a.start < b.start; });
  return out;
}

std::vector<call_record> call_tracker::take_ended() {
  return impl_->book.take_ended();
}
std::vector<host_record> call_tracker::hosts() const {
  return impl_->hosts.records();
}

std::string flow_name(std::uint64_t id) {
  std::string digits;
  do {
    digits.push_back("0123456789abcdefghijklmnopqrstuvwxyz"[id % 36]);
    id /= 36;
  } while (id != 0);
  digits.push_back('f');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace callweir::classify
