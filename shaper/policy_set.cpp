// The workers' side: bind a flow to the lines that act on it, apply them to its packets.
#include "shaper/policy_set.hpp"

#include <algorithm>

#include "shaper/policy_impl.hpp"

namespace callweir::shaper {
namespace {

constexpr std::uint32_t no_call = 0xffff'ffff;
constexpr action_handle plain_bit = 0x8000'0000;
constexpr std::uint8_t observers_max = 3;  // of stages_max; a flow has at most three enforced lines

/// A call that has no key yet is told by its slot.
std::uint64_t call_key(const flow_attributes& flow) noexcept {
  return flow.call_key != 0 ? flow.call_key : std::uint64_t{flow.call} + 1;
}

/// Lines that a flow's handle stood for before, so that a hit is counted once.
class former_lines {
 public:
  former_lines(const binding_table& bindings, action_handle before,
               action_handle plain_base) noexcept {
    if (acts(before)) {
      known_ = bindings.peek(before, old_);
    } else if (before != 0 && (before & ~0xffffU) == plain_base) {
      plain_line_ = static_cast<int>(before & 0xffffU);
    }
    strange_ = before != 0 && !known_ && plain_line_ < 0;
  }
  /// There was a handle, of another set.
  bool strange() const noexcept { return strange_; }
  bool had(std::size_t line) const noexcept {
    if (plain_line_ == static_cast<int>(line)) return true;
    for (std::size_t i = 0; known_ && i < old_.count; ++i) {
      if (old_.stages[i].line == line) return true;
    }
    return false;
  }

 private:
  binding old_;
  bool known_ = false, strange_ = false;
  int plain_line_ = -1;
};

}  // namespace

std::size_t line_probe::next_place() noexcept {
  static std::atomic<std::size_t> threads{0};
  return std::min(threads.fetch_add(1, std::memory_order_relaxed), shared);
}

void policy_set::prefetch(action_handle action) const noexcept {
  impl_->bindings->prefetch(action);
}

std::uint64_t policy_set::impl::bucket_key(const compiled_line& line,
                                           const flow_attributes& flow) const noexcept {
  std::uint64_t a = 0, b = 0;
  const auto& inside = flow.initiator == side::inside ? flow.source : flow.destination;
  switch (line.per) {
    case limit_per::call:
      a = flow.in_call ? call_key(flow) : flow.flow_id;
      b = flow.in_call ? 1 : 0;
      break;
    case limit_per::flow:
      a = flow.flow_id;
      break;
    case limit_per::host:
      a = inside.high;
      b = inside.low;
      break;
    case limit_per::group:
      a = groups.size();  // hosts in no group share one
      for (std::size_t i = 0; i < groups.size(); ++i) {
        if (!groups[i].contains(inside)) continue;
        a = i;
        break;
      }
      break;
    case limit_per::policy:
      break;
  }
  const auto key = hash.bucket(line.identity, a, b, static_cast<std::uint64_t>(line.per));
  return key != 0 ? key : 1;
}

stage policy_set::impl::make_stage(std::size_t line, const flow_attributes& flow, role_mask roles,
                                   time_point now) noexcept {
  const compiled_line& l = lines[line];
  stage s{.key = 0,
          .unit = no_call,
          .line = static_cast<std::uint16_t>(line),
          .roles = roles,
          .observe = !l.enforce};
  if (l.kind == action_kind::limit) {
    s.key = bucket_key(l, flow);
    s.unit = buckets->acquire(s.key, now);
  } else if (l.kind == action_kind::degrade && flow.in_call && is_media(flow.what.role) &&
             flow.call < units->size()) {
    s.unit = flow.call;
    s.key = call_key(flow);
    if (l.enforce) units->adopt(flow.call, s.key, flow.call_initiator);
  }
  return s;
}

/// The line that degrades the packets of this role, -1 for none.
std::int16_t policy_set::impl::degrades(const binding& what, flow_role role) const noexcept {
  for (std::size_t i = 0; i < what.count; ++i) {
    const stage& s = what.stages[i];
    if (!s.observe && (s.roles & bit_of(role)) != 0 && lines[s.line].kind == action_kind::degrade)
      return static_cast<std::int16_t>(s.line);
  }
  return -1;
}

/// Tells the control thread which line degrades the call now; the flow that carries voice decides,
/// and in a flow that bundles both the voice, where a line acts on it.
void policy_set::impl::note_degrade(const binding& what, const flow_attributes& flow) noexcept {
  if (!flow.in_call || flow.call >= units->size() || !is_media(flow.what.role)) return;
  auto& current = in_force[flow.call];
  const bool carries_voice = flow.what.role != flow_role::video;
  std::int16_t line = carries_voice ? degrades(what, flow_role::voice) : std::int16_t{-1};
  if (line < 0 && flow.what.role != flow_role::voice) line = degrades(what, flow_role::video);
  const auto before = current.load(std::memory_order_relaxed);
  if (line == before || (!carries_voice && (line < 0 || before >= 0))) return;
  current.store(line, std::memory_order_relaxed);
}

action_handle policy_set::impl::plain_handle(int line) const noexcept {
  return plain_bit | bindings->first_generation() << 16 | static_cast<std::uint16_t>(line);
}

action_handle policy_set::bind(const flow_attributes& asked, time_point now,
                               action_handle before) noexcept {
  impl& my = *impl_;
  flow_attributes flow = asked;
  flow.emergency = flow.emergency || my.emergency_peers.contains(flow.source) ||
                   my.emergency_peers.contains(flow.destination);
  const former_lines former(*my.bindings, before, my.plain_handle(0));
  binding out;
  role_mask remaining = every_role;
  std::uint8_t observers = 0;
  bool needed = false;
  int named = -1;  // the line that the flow's voice packets meet
  bool degraded = false;
  for (std::size_t i = 0; i < my.lines.size() && remaining != 0; ++i) {
    const compiled_line& line = my.lines[i];
    // The built-in first line: emergency calls meet only lines that are about them.
    if (flow.emergency && !line.when.emergency_only()) continue;
    if (!my.on(line) || !line.when.matches(flow)) continue;
    const auto roles = static_cast<role_mask>(line.when.acts_on(flow.what.role) & remaining);
    if (roles == 0) continue;
    if (!former.had(i) && !(former.strange() && line.carried)) line.probe->add_flow();
    const bool passes = line.kind == action_kind::allow;
    if (!line.enforce) {
      if (passes || line.kind == action_kind::prioritise || observers == observers_max) continue;
      ++observers;
    } else {
      remaining = static_cast<role_mask>(remaining & ~roles);
      if ((roles & bit_of(flow_role::voice)) != 0) named = static_cast<int>(i);
      degraded = degraded || line.kind == action_kind::degrade;
    }
    needed = needed || !passes;
    if (out.count < stages_max) out.stages[out.count++] = my.make_stage(i, flow, roles, now);
  }
  my.note_degrade(out, flow);
  if (flow.in_call && !degraded && is_media(flow.what.role) &&
      my.units->draining(flow.call, call_key(flow), now)) {
    out.drain_call = flow.call;
    needed = true;
  }
  const action_handle handle = needed ? my.bindings->intern(out, now) : 0;
  if (handle != 0) return handle;
  return named < 0 ? 0 : my.plain_handle(named);
}

fate policy_set::impl::act(action_handle handle, std::size_t index, const stage& s,
                           const packet_view& packet, flow_role role, time_point now) noexcept {
  const compiled_line& line = lines[s.line];
  switch (line.kind) {
    case action_kind::allow:
      return {};
    case action_kind::prioritise:
      return {.first_in_line = !s.observe};
    case action_kind::block:
      return {.kind = fate_kind::drop, .reason = fate_reason::block};
    case action_kind::limit: {
      std::uint32_t unit = s.unit;
      if (unit == bucket_table::none || !buckets->holds(unit, s.key)) {
        unit = buckets->acquire(s.key, now);
        if (unit == bucket_table::none) return {};
        bindings->set_unit(handle, index, unit);
      }
      // One bucket a direction, told by the port: what hosts and groups send and receive is kept
      // apart.
      const direction way = packet.from == side::inside ? forward : backward;
      if (buckets->take(unit, way, line.rate, packet.l3_bytes, now)) return {};
      return {.kind = fate_kind::drop, .reason = fate_reason::limit};
    }
    case action_kind::degrade:
      if (!is_media(role) || s.unit >= units->size()) return {};
      // What the control loop would pick is not known without its effect: counted as delayed.
      if (s.observe) return {.kind = fate_kind::hold, .reason = fate_reason::degrade_delay};
      return units->impair(s.unit, packet.from, packet.l3_bytes, role != flow_role::video, now);
  }
  return {};
}

fate policy_set::apply(action_handle action, const packet_view& packet, direction, flow_role role,
                       time_point now) noexcept {
  if (!acts(action)) return {};
  impl& my = *impl_;
  binding bound;
  if (!my.bindings->read(action, now, bound)) return {.stale = true};
  fate out;
  for (std::size_t i = 0; i < bound.count; ++i) {
    const stage& s = bound.stages[i];
    if ((s.roles & bit_of(role)) == 0 || s.line >= my.lines.size()) continue;
    const fate done = my.act(action, i, s, packet, role, now);
    my.lines[s.line].probe->add_packet(packet.l3_bytes, done.kind);
    if (s.observe) continue;
    out = done;
    break;
  }
  if (out.kind == fate_kind::pass && is_media(role) && bound.drain_call < my.units->size()) {
    const bool first = out.first_in_line;
    out = my.units->drain(bound.drain_call, packet.from, now);
    out.first_in_line = first;
  }
  return out;
}

int policy_set::line_of(action_handle action) const {
  const impl& my = *impl_;
  if (action == 0) return -1;
  if (!acts(action)) {
    const int line = static_cast<int>(action & 0xffffU);
    const bool ours = (action & ~0xffffU) == my.plain_handle(0);
    return ours && line < static_cast<int>(my.lines.size()) ? line : -1;
  }
  binding bound;
  if (!my.bindings->peek(action, bound)) return -1;
  for (std::size_t i = 0; i < bound.count; ++i) {
    const stage& s = bound.stages[i];
    if (!s.observe && (s.roles & bit_of(flow_role::voice)) != 0 && s.line < my.lines.size())
      return s.line;
  }
  return -1;
}

}  // namespace callweir::shaper
