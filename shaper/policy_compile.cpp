// Making a policy set out of a document, and its control thread's side.
#include <bit>
#include <random>

#include "shaper/policy_impl.hpp"

namespace callweir::shaper {
namespace {

/// A call has few flows under policy, a flow in no call counts as its own: four a call, within
/// bounds.
std::uint32_t table_capacity(std::uint32_t calls_max) {
  return std::bit_ceil(std::clamp<std::uint32_t>(calls_max * 4, 4'096, 131'072));
}

std::uint64_t identity_of(const policy_line& line, const keyed_hash& hash) {
  return hash.bytes(line.name.data(), line.name.size()) ^
         hash.bucket(static_cast<std::uint64_t>(line.then.kind), line.then.rate.bps,
                     line.then.burst_bytes, static_cast<std::uint64_t>(line.then.per));
}

keyed_hash fresh_hash() {
  std::random_device source;
  const auto word = [&] { return std::uint64_t{source()} << 32 | source(); };
  return keyed_hash(std::array<std::uint64_t, 2>{word(), word()});
}

constexpr std::size_t not_found = ~std::size_t{0};

std::size_t same_line(const policy_document& document, const policy_line& line) {
  for (std::size_t i = 0; i < document.lines.size(); ++i) {
    if (document.lines[i].name == line.name && document.lines[i].then == line.then) return i;
  }
  return not_found;
}

/// The line that goes on degrading under this name, perhaps to another target: its calls are
/// steered there from where they are.
std::size_t same_degrade(const policy_document& document, const policy_line& line) {
  const auto degrades = [](const policy_line& l) {
    return l.enforce && l.then.kind == action_kind::degrade;
  };
  for (std::size_t i = 0; degrades(line) && i < document.lines.size(); ++i) {
    if (document.lines[i].name == line.name && degrades(document.lines[i])) return i;
  }
  return not_found;
}

struct reason_row {
  const char* name;
  const char* text;
};
constexpr std::array<reason_row, fate_reason_count> reasons{{
    {"none", "nothing was done to the packet"},
    {"limit", "a limit line's bucket was empty"},
    {"block", "a block line matched"},
    {"degrade_burst", "the packet fell into a loss burst of a degraded call"},
    {"degrade_rate", "a degraded call sent more than its cap"},
    {"degrade_delay", "the packet of a degraded call is held back for a while"},
    {"delay_line_full", "the packet was to be held back, but the delay line had no room"},
}};

}  // namespace

const char* fate_reason_name(fate_reason reason) {
  return reasons[static_cast<std::size_t>(reason) % reasons.size()].name;
}

const char* fate_reason_text(fate_reason reason) {
  return reasons[static_cast<std::size_t>(reason) % reasons.size()].text;
}

line_counters line_probe::total() const noexcept {
  line_counters out;
  for (const auto& s : shards_) {
    out.flows += s.flows.load(std::memory_order_relaxed);
    out.packets += s.packets.load(std::memory_order_relaxed);
    out.bytes += s.bytes.load(std::memory_order_relaxed);
    out.dropped += s.dropped.load(std::memory_order_relaxed);
    out.delayed += s.delayed.load(std::memory_order_relaxed);
  }
  return out;
}

policy_set::policy_set() : impl_(std::make_unique<impl>()) {}
policy_set::~policy_set() = default;

result<std::shared_ptr<policy_set>> policy_set::compile(const policy_document& document,
                                                        const std::vector<std::string>& links,
                                                        std::uint32_t calls_max,
                                                        const policy_set* previous) {
  if (document.lines.size() > lines_max || document.schedules.size() > schedules_max ||
      links.size() > 64 || calls_max == 0) {
    return fail("more policies, schedules or links than the bounds allow", "policies",
                "docs/reference/configuration.md lists them");
  }
  std::shared_ptr<policy_set> set(new policy_set());
  impl& my = *set->impl_;
  const impl* old = previous != nullptr ? previous->impl_.get() : nullptr;
  const bool shared = old != nullptr && old->units->size() == calls_max;
  my.document = document;
  my.hash = shared ? old->hash : fresh_hash();
  my.buckets = shared ? old->buckets : std::make_shared<bucket_table>(table_capacity(calls_max));
  my.units = shared ? old->units : std::make_shared<degrade_units>(calls_max);
  my.bindings = std::make_unique<binding_table>(
      table_capacity(calls_max), old != nullptr ? old->bindings->first_generation() + 257 : 1);
  my.clock = std::make_unique<site_time>(document.timezone);
  for (const auto& g : document.groups) my.groups.emplace_back(g.networks);
  std::vector<ip_prefix> peers;
  for (const auto& peer : document.emergency.peers) peers.push_back({peer, 128});
  my.emergency_peers = address_set(peers);

  std::vector<std::int16_t> moved(old != nullptr ? old->lines.size() : 0, -1);
  for (const auto& line : document.lines) {
    compiled_line c;
    c.when = compiled_match(line.when, document, links);
    c.kind = line.then.kind;
    c.per = line.then.per;
    c.enforce = line.enforce;
    const auto burst =
        line.then.burst_bytes != 0 ? line.then.burst_bytes : default_burst_bytes(line.then.rate);
    if (c.kind == action_kind::limit) c.rate = bucket_rate::make(line.then.rate, burst);
    c.identity = identity_of(line, my.hash);
    const std::size_t from = old != nullptr ? same_line(old->document, line) : not_found;
    const bool stays = from != not_found && old->lines[from].enforce == line.enforce;
    c.probe = stays ? old->lines[from].probe : std::make_shared<line_probe>();
    c.carried = stays;
    if (const auto was = old != nullptr ? same_degrade(old->document, line) : not_found;
        was != not_found) {
      moved[was] = static_cast<std::int16_t>(my.lines.size());
    }
    my.lines.push_back(std::move(c));
  }

  my.in_force = std::make_unique<std::atomic<std::int16_t>[]>(calls_max);
  for (std::uint32_t call = 0; call < calls_max; ++call) {
    const int line = shared ? old->in_force[call].load(std::memory_order_relaxed) : -1;
    my.in_force[call].store(line < 0 ? std::int16_t{-1} : moved[static_cast<std::size_t>(line)],
                            std::memory_order_relaxed);
  }
  if (old != nullptr && old->updated_ns.load() != 0)
    set->update_schedules({old->updated_ns.load()});
  return set;
}

bool policy_set::update_schedules(time_point now) {
  constexpr std::int64_t minute_ns = 60'000'000'000;
  impl& my = *impl_;
  const std::int64_t before = my.updated_ns.exchange(now.ns);
  if (before != 0 && before / minute_ns == now.ns / minute_ns) return false;
  const auto minute = static_cast<std::size_t>(my.clock->minute_of_week(now));
  bool flipped = false;
  for (std::size_t i = 0; i < my.document.schedules.size(); ++i) {
    const bool on = my.document.schedules[i].minutes.test(minute);
    flipped = my.schedule_on[i].exchange(on) != on || flipped;
  }
  return flipped;
}

const policy_document& policy_set::document() const {
  return impl_->document;
}

action_kind policy_set::kind_of(action_handle action) const {
  const int line = line_of(action);
  return line < 0 ? action_kind::allow : impl_->lines[static_cast<std::size_t>(line)].kind;
}

const policy_line* policy_set::degrading(std::uint32_t call) const {
  if (call >= impl_->units->size()) return nullptr;
  const int line = impl_->in_force[call].load(std::memory_order_relaxed);
  return line < 0 ? nullptr : &impl_->document.lines[static_cast<std::size_t>(line)];
}

void policy_set::set_impairment(std::uint32_t call, direction way, const impairment& what) {
  impl_->units->set(call, way, what);
}

inflicted policy_set::taken(std::uint32_t call, direction way) const {
  return impl_->units->taken(call, way);
}

void policy_set::forget_call(std::uint32_t call) {
  if (call >= impl_->units->size()) return;
  impl_->in_force[call].store(-1, std::memory_order_relaxed);
  impl_->units->forget(call);
}

line_counters policy_set::counters(std::size_t line) const {
  return line < impl_->lines.size() ? impl_->lines[line].probe->total() : line_counters{};
}

shaper_overloads policy_set::overloads() const {
  return {.bindings = impl_->bindings->refused(), .buckets = impl_->buckets->refused()};
}

std::size_t policy_set::memory_bytes(std::uint32_t calls_max) {
  return own_memory_bytes(calls_max) + bucket_table::memory_bytes(table_capacity(calls_max)) +
         degrade_units::memory_bytes(calls_max);
}

std::size_t policy_set::own_memory_bytes(std::uint32_t calls_max) {
  return binding_table::memory_bytes(table_capacity(calls_max)) + calls_max * sizeof(std::int16_t);
}

}  // namespace callweir::shaper
