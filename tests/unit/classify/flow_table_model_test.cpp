// The flow table against a plain map, by random histories that RapidCheck shrinks: bursts of
// packets, ends, verdicts, calls, actions and sweeps. The table must know exactly the flows that
// the map knows, and evict in the documented order.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "classify/flood_guard.hpp"
#include "classify/flow_table.hpp"

namespace callweir::classify {
namespace {

constexpr std::int64_t start_ns = 1'790'000'000'000'000'000;
constexpr std::int64_t ms = 1'000'000;

/// Numbers that name a packet; small ranges, so that packets meet.
struct packet_names {
  std::uint8_t source, destination, ports;
  std::uint16_t kind;
  auto tie() const { return std::tie(source, destination, ports, kind); }
};

rc::Gen<packet_names> any_packet() {
  return rc::gen::build<packet_names>(
      rc::gen::set(&packet_names::source, rc::gen::inRange<std::uint8_t>(0, 7)),
      rc::gen::set(&packet_names::destination, rc::gen::inRange<std::uint8_t>(0, 7)),
      rc::gen::set(&packet_names::ports, rc::gen::inRange<std::uint8_t>(0, 9)),
      rc::gen::set(&packet_names::kind, rc::gen::inRange<std::uint16_t>(0, 0x400)));
}

struct step {
  enum class kind : std::uint8_t {
    burst,
    end,
    decide,
    join_call,
    leave_call,
    act,
    stand_down,
    close,
    sweep
  } what = kind::burst;
  std::vector<packet_names> packets;  // burst; the first names the flow of other steps
  std::uint16_t pause_ms = 0;
};
std::ostream& operator<<(std::ostream& out, const step& s) {
  out << "{" << static_cast<int>(s.what) << " after " << s.pause_ms << " ms:";
  for (const auto& p : s.packets) {
    out << " " << int{p.source} << ">" << int{p.destination} << "/" << int{p.ports} << "/"
        << int{p.kind};
  }
  return out << "}";
}

rc::Gen<step> any_step() {
  using kind = step::kind;
  return rc::gen::build<step>(
      rc::gen::set(&step::what, rc::gen::weightedElement<kind>({{24, kind::burst},
                                                                {3, kind::end},
                                                                {4, kind::decide},
                                                                {3, kind::join_call},
                                                                {1, kind::leave_call},
                                                                {3, kind::act},
                                                                {1, kind::stand_down},
                                                                {1, kind::close},
                                                                {2, kind::sweep}})),
      rc::gen::set(&step::packets, rc::gen::nonEmpty(rc::gen::resize(
                                       12, rc::gen::container<std::vector<packet_names>>(
                                               rc::gen::resize(100, any_packet()))))),
      rc::gen::set(&step::pause_ms,
                   rc::gen::weightedElement<std::uint16_t>(
                       {{8, 0}, {8, 1}, {4, 900}, {2, 6'000}, {1, 20'000}, {1, 60'000}})));
}

packet_view make_packet(const packet_names& n, std::int64_t now) {
  packet_view p;
  p.status = n.kind % 16 == 15 ? decode_status::not_ip : decode_status::ok;
  const bool v6 = (n.kind & 1) != 0;
  const auto address = [&](std::uint8_t host) {
    return v6 ? ip_address{0x2001'0db8'0000'0000, host} : ip_address::v4(0x0a00'0000u + host);
  };
  p.source = address(n.source);
  p.destination = address(n.destination);
  p.source_port = static_cast<std::uint16_t>(1'000 + n.ports % 3);
  p.destination_port = static_cast<std::uint16_t>(1'000 + n.ports / 3);
  p.protocol = (n.kind & 2) != 0 ? proto_tcp : proto_udp;
  p.vlan_count = static_cast<std::uint8_t>(std::min(n.kind >> 4 & 3, 2));
  p.vlan[0] = p.vlan_count > 0 ? (n.kind >> 6 & 1) * 7 : 0;
  p.vlan[1] = p.vlan_count > 1 ? (n.kind >> 9 & 1) * 0x801 : 0;
  p.link = (n.kind >> 7 & 1) * 0x800;
  p.tunnel = (n.kind & 0x100) != 0 ? tunnel_kind::capwap : tunnel_kind::none;
  p.from = n.source % 2 == 0 ? side::inside : side::outside;
  p.time = {now};
  return p;
}

/// The flow's name, the same for both directions.
using name = std::tuple<std::pair<ip_address, std::uint16_t>, std::pair<ip_address, std::uint16_t>,
                        std::uint8_t, std::uint8_t, std::uint16_t, std::uint16_t, std::uint16_t,
                        tunnel_kind>;
name name_of(const packet_view& p) {
  const std::pair from{p.source, p.source_port}, to{p.destination, p.destination_port};
  return {std::min(from, to), std::max(from, to), p.protocol, p.vlan_count,
          p.vlan[0],          p.vlan[1],          p.link,     p.tunnel};
}

class model {
 public:
  explicit model(std::uint32_t flows_max) : flows_max_(flows_max), table_(config(flows_max)) {}

  void apply(const step& s) {
    using kind = step::kind;
    now_ += s.pause_ms * ms + 1;
    if (s.what == kind::burst) {
      burst(s.packets);
    } else if (s.what == kind::sweep) {
      sweep();
    } else if (const auto at = flows_.find(name_of(make_packet(s.packets[0], now_)));
               at != flows_.end()) {
      change(s.what, at);
    }
    RC_ASSERT(table_.size() == flows_.size());
    RC_ASSERT(table_.size() <= flows_max_);
    RC_ASSERT(table_.pressed() == (flows_.size() > flows_max_ / 2));
  }

  /// One round visits each flow once, whatever it finds on the way.
  void sweep() {
    std::set<flow_index> seen;
    const auto visit = [&](flow_index i) {
      RC_ASSERT(seen.insert(i).second);
      return true;
    };
    while (!table_.sweep(5, visit).round) {
    }
    RC_ASSERT(seen.size() == flows_.size());
    for (auto at = flows_.begin(); at != flows_.end();) {
      RC_ASSERT(seen.contains(at->second.index));
      const bool over = now_ - at->second.last > timeout(at->first, at->second);
      RC_ASSERT(table_.expired(table_.hot(at->second.index), {now_}) == over);
      if (over) table_.erase(at->second.index);
      at = over ? flows_.erase(at) : std::next(at);
    }
  }

  std::uint32_t evicted() const { return evicted_; }
  std::uint32_t refused() const { return refused_; }

 private:
  struct flow {
    flow_index index;
    ip_address initiator;
    std::uint16_t initiator_port;
    std::int64_t first, last;
    std::uint32_t packets = 0;
    bool decided = false, in_call = false, acted_on = false, closing = false;
    /// Order of eviction; 2 never goes.
    int rank() const { return in_call || acted_on ? 2 : decided ? 1 : 0; }
  };
  using flow_map = std::map<name, flow>;

  static flow_table::config config(std::uint32_t flows_max) {
    flow_table::config c;
    c.flows_max = flows_max;
    c.seed = {3, 4};
    c.touch = false;
    return c;
  }

  std::int64_t timeout(const name& key, const flow& f) const {
    if (f.closing) return 15'000 * ms;
    if (!f.decided && flows_.size() > flows_max_ / 2) return 5'000 * ms;
    return std::get<2>(key) == proto_tcp ? 3'600'000 * ms : 200'000 * ms;
  }

  void change(step::kind what, flow_map::iterator at) {
    using kind = step::kind;
    flow& f = at->second;
    hot_flow& hot = table_.hot(f.index);
    if (what == kind::end) {
      table_.erase(f.index);
      RC_ASSERT(!table_.in_use(f.index));
      flows_.erase(at);
      return;
    }
    if (what == kind::decide) f.decided = true, hot.set(flow_decided);
    if (what == kind::join_call) f.in_call = true, hot.set(flow_in_call);
    if (what == kind::leave_call) f.in_call = false, hot.clear(flow_in_call);
    if (what == kind::act) f.acted_on = true, hot.action = 9;
    if (what == kind::stand_down) f.acted_on = false, hot.action = 0;
    if (what == kind::close) f.closing = true, hot.set(flow_closing);
  }

  void burst(const std::vector<packet_names>& names) {
    std::vector<packet_view> packets;
    for (const packet_names& n : names) packets.push_back(make_packet(n, now_));
    flow_table::burst prepared;
    table_.prepare(packets, prepared);
    std::vector<flow_index> pinned;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      if (packets[i].status != decode_status::ok) {
        RC_ASSERT(prepared.guesses[i] == no_flow);
        continue;
      }
      const name key = name_of(packets[i]);
      check_not_mistaken(key, prepared.keys[i], packets[0], prepared.hashes[0]);
      const flow_index found = table_.find(prepared, i);
      auto known = flows_.find(key);
      RC_ASSERT((found == no_flow) == (known == flows_.end()));
      if (known == flows_.end()) {
        if (!make_room(prepared.hashes[i], pinned)) continue;
        known = open(key, packets[i], prepared, i);
      } else {
        RC_ASSERT(found == known->second.index);
      }
      count(known->second);
      check_identity(known->second, packets[i]);
      pinned.push_back(known->second.index);
    }
  }

  flow_map::iterator open(const name& key, const packet_view& p, const flow_table::burst& b,
                          std::size_t i) {
    const flow_index index = table_.open(b.keys[i], b.hashes[i], b.swapped[i], p);
    RC_ASSERT(index < flows_max_);
    for (const auto& [other, f] : flows_) RC_ASSERT(f.index != index);
    RC_ASSERT(table_.hot(index).packets[0] == 0u && table_.hot(index).action == 0u);
    RC_ASSERT(table_.warm(index).first_ns == p.time.ns && table_.warm(index).call == 0u);
    return flows_.emplace(key, flow{index, p.source, p.source_port, now_, now_}).first;
  }

  /// Under another flow's hash (as if the hashes collided) nobody is taken for that flow.
  void check_not_mistaken(const name& key, const flow_key& wanted, const packet_view& other,
                          std::uint64_t others_hash) const {
    if (other.status != decode_status::ok || name_of(other) == key) return;
    const flow_index found = table_.find(wanted, others_hash);
    if (found == no_flow) return;
    const auto own = flows_.find(key);
    RC_ASSERT(own != flows_.end() && own->second.index == found);
  }

  void count(flow& f) {
    hot_flow& hot = table_.hot(f.index);
    RC_ASSERT(hot.packets[0] == f.packets);
    RC_ASSERT(hot.has(flow_decided) == f.decided && hot.has(flow_in_call) == f.in_call);
    hot.packets[0] = ++f.packets;
    hot.last_ns = f.last = now_;
  }

  void check_identity(const flow& f, const packet_view& p) const {
    const flow_identity who = table_.identity(f.index);
    const bool same_way = p.source == f.initiator && p.source_port == f.initiator_port;
    RC_ASSERT(who.source == f.initiator && who.source_port == f.initiator_port);
    RC_ASSERT(who.destination == (same_way ? p.destination : p.source));
    RC_ASSERT(who.destination_port == (same_way ? p.destination_port : p.source_port));
    RC_ASSERT(who.protocol == p.protocol && who.link == p.link && who.tunnel == p.tunnel);
    RC_ASSERT(who.vlan_count == p.vlan_count && who.vlan[0] == p.vlan[0]);
    RC_ASSERT(who.vlan[1] == p.vlan[1]);
  }

  /// The candidates of a hash where both of its buckets are full or no record is left, found from
  /// outside: with every flow undecided and pinned one by one until none is left.
  std::vector<flow*> candidates(std::uint64_t hash) {
    for (auto& [key, f] : flows_) {
      hot_flow& hot = table_.hot(f.index);
      hot.clear(flow_decided), hot.clear(flow_in_call), hot.action = 0;
    }
    std::vector<flow*> out;
    std::vector<flow_index> seen;
    for (;;) {
      const auto place = table_.find_place(hash, seen);
      if (place.what != flow_table::place::kind::evict) break;
      const auto at = std::find_if(flows_.begin(), flows_.end(), [&](const auto& each) {
        return each.second.index == place.victim;
      });
      RC_ASSERT(at != flows_.end());
      // Oldest first.
      if (!out.empty()) RC_ASSERT(out.back()->last <= at->second.last);
      out.push_back(&at->second);
      seen.push_back(place.victim);
      RC_ASSERT(seen.size() <= 16u);
    }
    for (auto& [key, f] : flows_) {
      hot_flow& hot = table_.hot(f.index);
      if (f.decided) hot.set(flow_decided);
      if (f.in_call) hot.set(flow_in_call);
      if (f.acted_on) hot.action = 9;
    }
    return out;
  }

  /// Evicts as the table says, if the map agrees; false where it refuses.
  bool make_room(std::uint64_t hash, const std::vector<flow_index>& pinned) {
    const auto place = table_.find_place(hash, pinned);
    if (place.what == flow_table::place::kind::room) {
      RC_ASSERT(flows_.size() < flows_max_);
      return true;
    }
    const std::vector<flow*> all = candidates(hash);
    if (flows_.size() < flows_max_) RC_ASSERT(all.size() == 16u || all.size() == 8u);
    const flow* best = nullptr;
    for (const flow* f : all) {
      if (f->rank() == 2 || std::find(pinned.begin(), pinned.end(), f->index) != pinned.end())
        continue;
      if (best == nullptr || std::pair(f->rank(), f->last) < std::pair(best->rank(), best->last))
        best = f;
    }
    if (best == nullptr) {
      RC_ASSERT(place.what == flow_table::place::kind::refused);
      ++refused_;
      return false;
    }
    RC_ASSERT(place.what == flow_table::place::kind::evict);
    const auto victim = std::find_if(flows_.begin(), flows_.end(), [&](const auto& each) {
      return each.second.index == place.victim;
    });
    RC_ASSERT(victim != flows_.end());
    RC_ASSERT(std::find(pinned.begin(), pinned.end(), place.victim) == pinned.end());
    RC_ASSERT(victim->second.rank() == best->rank() && victim->second.last == best->last);
    table_.erase(place.victim);
    flows_.erase(victim);
    ++evicted_;
    RC_ASSERT(table_.find_place(hash, {}).what == flow_table::place::kind::room);
    return true;
  }

  std::uint32_t flows_max_;
  flow_table table_;
  flow_map flows_;
  std::int64_t now_ = start_ns;
  std::uint32_t evicted_ = 0, refused_ = 0;
};

TEST(flow_table_model, knows_what_a_map_knows_and_evicts_in_the_documented_order) {
  std::uint64_t evicted = 0, refused = 0;
  ASSERT_TRUE(rc::check("flow table and map", [&] {
    model m(*rc::gen::element(16u, 17u, 33u, 64u));
    for (const step& s : *rc::gen::scale(
             1.5, rc::gen::container<std::vector<step>>(rc::gen::resize(100, any_step()))))
      m.apply(s);
    m.sweep();
    evicted += m.evicted();
    refused += m.refused();
  }));
  EXPECT_GT(evicted, 0u) << "the histories must reach what they are to show";
  EXPECT_GT(refused, 0u);
}

struct question {
  std::uint8_t source;
  std::uint16_t pause_us;
};
std::ostream& operator<<(std::ostream& out, const question& q) {
  return out << "{" << int{q.source} << " after " << q.pause_us << " us}";
}

// In no stretch more than rate x time + burst, of a network or of all; a millisecond and one token
// are the guard's grain.
TEST(flow_table_model, the_flood_guard_never_opens_more_than_rate_times_time_and_burst) {
  ASSERT_TRUE(rc::check("flood guard", [] {
    const keyed_hash hash({5, 6});
    const std::uint32_t flows_max = *rc::gen::element(16u, 64u, 160u, 1'000u);
    const auto guard = std::make_unique<flood_guard>(flows_max, hash);
    const auto any_question = rc::gen::build<question>(
        rc::gen::set(&question::source, rc::gen::inRange<std::uint8_t>(0, 12)),
        rc::gen::set(&question::pause_us,
                     rc::gen::element<std::uint16_t>(0, 0, 1, 300, 999, 1'000, 20'000, 60'000)));
    const auto asked = *rc::gen::scale(
        4.0, rc::gen::container<std::vector<question>>(rc::gen::resize(100, any_question)));
    std::int64_t now = start_ns;
    std::vector<std::int64_t> all;
    std::map<std::uint8_t, std::vector<std::int64_t>> of_source;
    const auto check = [&](const std::vector<std::int64_t>& opened, std::uint32_t rate) {
      for (std::size_t first = 0; first < opened.size(); ++first) {
        const std::int64_t span = opened.back() - opened[first] + ms;
        RC_ASSERT(static_cast<double>(opened.size() - first) <=
                  std::max(rate / 10, 1u) + rate * static_cast<double>(span) * 1e-9 + 1);
      }
    };
    for (const question& q : asked) {
      now += q.pause_us * 1'000;
      const auto answer = guard->ask(ip_address::v4(0x0a00'0001u + (q.source << 8u)), {now});
      if (answer != flood_guard::answer::open) {
        // Refused only where as much was opened: nothing is taken for a refusal.
        const auto& mine =
            answer == flood_guard::answer::source_exceeds ? of_source[q.source] : all;
        RC_ASSERT(!mine.empty());
        continue;
      }
      all.push_back(now);
      of_source[q.source].push_back(now);
      check(all, std::max(flows_max / 4, 1u));
      check(of_source[q.source], std::max(flows_max / 16, 1u));
    }
  }));
}

}  // namespace
}  // namespace callweir::classify
