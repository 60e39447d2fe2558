// The whole way of a packet through the shaper against a naive model: random histories of packets,
// of policies swapped in between and of what the control loop picks. Nothing is lost or made: in is
// out, dropped and held; limits agree with exact buckets to the packet, whichever flows share one.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/applications.hpp"
#include "shaper/delay_line.hpp"
#include "shaper/policy_reader.hpp"
#include "shaper/policy_set.hpp"
#include "tests/unit/shaper/exact_bucket.hpp"

namespace callweir::shaper {
namespace {

constexpr std::int64_t start_ns = 1'790'000'000'000'000'000;
constexpr std::int64_t us = 1'000;

/// Lines that a policy may have, in this order; a history's policies differ in which they are.
enum line_number : std::size_t { watch, video, hosts, swarm, talk, stop, rest, line_count };
constexpr std::array<const char*, line_count> line_texts = {
    "- { name: watch, match: {}, action: { limit: { rate: 64kbit } }, mode: observe }\n",
    "- { name: video, match: { role: video },"
    " action: { limit: { rate: 8Mbit, burst: 3kB, per: call } } }\n",
    "- { name: hosts, match: { src: 10.1.0.0/17, app: [BitTorrent] },"
    " action: { limit: { rate: 8Mbit, burst: 3kB, per: host } } }\n",
    "- { name: swarm, match: { app: [BitTorrent] },"
    " action: { limit: { rate: 8Mbit, burst: 3kB, per: policy } } }\n",
    "- { name: talk, match: { voip: true, role: voice }, action: { degrade: { mos: 1.8 } } }\n",
    "- { name: stop, match: { app: [eDonkey] }, action: block }\n",
    "- { name: rest, match: {}, action: allow }\n"};

/// Who speaks: two calls with voice and video, three hosts that share files, one that is blocked,
/// one that nobody cares for.
struct party {
  std::uint32_t host;
  const char* app;
  flow_role role;
  std::uint32_t call;  // none: no_call
};
constexpr std::uint32_t no_call = 0xffff'ffff;
constexpr std::array<party, 9> parties = {{{0x0a01'0001, "WebRTC", flow_role::voice, 0},
                                           {0x0a01'0001, "WebRTC", flow_role::video, 0},
                                           {0x0a01'0002, "WebRTC", flow_role::voice, 1},
                                           {0x0a01'0002, "WebRTC", flow_role::video, 1},
                                           {0x0a01'0001, "BitTorrent", flow_role::other, no_call},
                                           {0x0a01'0001, "BitTorrent", flow_role::other, no_call},
                                           {0x0a01'9001, "BitTorrent", flow_role::other, no_call},
                                           {0x0a01'0003, "eDonkey", flow_role::other, no_call},
                                           {0x0a01'0003, "HTTP", flow_role::other, no_call}}};

struct step {
  enum class kind : std::uint8_t { packet, swap, pick } what = kind::packet;
  std::uint32_t pause_us = 0;
  std::uint8_t who = 0;  // packet: of `parties`; pick: a call
  bool back = false;
  std::uint16_t bytes = 100;
  std::uint8_t lines = 0;  // swap: bits of line_number
  std::uint16_t delay_ms = 0;
  bool lossy = false;
};
std::ostream& operator<<(std::ostream& out, const step& s) {
  return out << "{" << static_cast<int>(s.what) << " after " << s.pause_us << " us, who "
             << int{s.who} << (s.back ? " back " : " ") << s.bytes << " bytes, lines "
             << int{s.lines} << ", delay " << s.delay_ms << (s.lossy ? ", lossy" : "") << "}";
}

rc::Gen<step> any_step() {
  using kind = step::kind;
  return rc::gen::build<step>(
      rc::gen::set(&step::what, rc::gen::weightedElement<kind>(
                                    {{40, kind::packet}, {2, kind::swap}, {3, kind::pick}})),
      rc::gen::set(&step::pause_us, rc::gen::element(0u, 0u, 20u, 400u, 1'100u, 20'000u, 900'000u)),
      rc::gen::set(&step::who, rc::gen::inRange<std::uint8_t>(0, parties.size())),
      rc::gen::set(&step::back),
      rc::gen::set(&step::bytes, rc::gen::inRange<std::uint16_t>(40, 1'501)),
      rc::gen::set(&step::lines, rc::gen::inRange<std::uint8_t>(0, 1 << line_count)),
      rc::gen::set(&step::delay_ms, rc::gen::element<std::uint16_t>(0, 0, 5, 80, 600)),
      rc::gen::set(&step::lossy));
}

std::shared_ptr<policy_set> compile(std::uint8_t lines, const policy_set* before,
                                    std::int64_t now) {
  std::string text = "policies:\n";
  for (std::size_t i = 0; i < line_count; ++i) {
    if ((lines >> i & 1) != 0) text += line_texts[i];
  }
  if (lines == 0) text.clear();
  const auto tree = yaml::parse(text, "t.yaml");
  RC_ASSERT(tree.has_value());
  yaml::problems found("t.yaml");
  const yaml::map_reader file(found, *tree, "", policy_keys());
  auto document = read_policies(file, {"uplink"});
  RC_ASSERT(found.errors().empty());
  auto set = policy_set::compile(document, {"uplink"}, 16, before);
  RC_ASSERT(set.has_value());
  (*set)->update_schedules({now});
  return *set;
}

class model {
 public:
  model() { swap((1 << line_count) - 1); }

  void apply(const step& s) {
    now_ += s.pause_us * us;
    leave();
    if (s.what == step::kind::packet) packet(s);
    if (s.what == step::kind::swap) swap(s.lines);
    if (s.what == step::kind::pick) pick(s);
    RC_ASSERT(in_ == out_ + dropped_ + line_.size());
  }
  void finish() {
    now_ += 2'000'000 * us;
    leave();
    RC_ASSERT(line_.size() == 0u);
    RC_ASSERT(in_ == out_ + dropped_);
    check_counters();
  }
  std::uint64_t held() const { return held_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct flow {
    action_handle handle = 0;
    bool fresh = true;
    std::array<std::int64_t, 2> newest_release{};
  };

  bool has(std::size_t line) const { return (lines_ >> line & 1) != 0; }
  /// The first enforced line that matches, as one reads it.
  std::size_t decides(const party& p) const {
    const bool shares = std::string(p.app) == "BitTorrent";
    if (has(video) && p.role == flow_role::video) return video;
    if (has(hosts) && shares && p.host < 0x0a01'8000) return hosts;
    if (has(swarm) && shares) return swarm;
    if (has(talk) && p.role == flow_role::voice) return talk;
    if (has(stop) && std::string(p.app) == "eDonkey") return stop;
    return has(rest) ? static_cast<std::size_t>(rest) : static_cast<std::size_t>(line_count);
  }

  void packet(const step& s) {
    const party& p = parties[s.who];
    flow& f = flows_[s.who];
    packet_view view;
    view.from = s.back ? side::outside : side::inside;
    view.l3_bytes = s.bytes;
    const direction way = s.back ? backward : forward;
    if (std::exchange(f.fresh, false)) bind(s.who);
    fate got = set_->apply(f.handle, view, way, p.role, {now_});
    if (got.stale) {
      bind(s.who);
      got = set_->apply(f.handle, view, way, p.role, {now_});
    }
    RC_ASSERT(!got.stale && !got.first_in_line);
    ++in_;
    count(watch);
    const std::size_t line = decides(p);
    if (line != rest && line != line_count) count(line);
    check_fate(got, line, p, s);
    take(got, f, way);
  }

  /// Dropped exactly where the naive model drops; held only what is of a call.
  void check_fate(const fate& got, std::size_t line, const party& p, const step& s) {
    const bool is_dropped = got.kind == fate_kind::drop;
    if (got.kind == fate_kind::hold) RC_ASSERT(p.call != no_call && is_media(p.role));
    if (line == video || line == hosts || line == swarm) {
      RC_ASSERT(is_dropped == !room(line, p, s));
      if (is_dropped) RC_ASSERT(got.reason == fate_reason::limit);
    } else if (line == stop) {
      RC_ASSERT(is_dropped && got.reason == fate_reason::block);
    } else if (line == talk) {
      if (is_dropped) RC_ASSERT(lossy_[p.call][s.back]);
    } else {
      RC_ASSERT(!is_dropped);
    }
  }

  /// The bucket that the flow shares with others, by line, what it is per, and direction.
  bool room(std::size_t line, const party& p, const step& s) {
    const std::uint64_t per = line == video ? p.call : line == hosts ? p.host : 0;
    auto& bucket = buckets_.try_emplace({line, per, s.back}, 8'000'000, 3'000, now_).first->second;
    bucket.advance(now_);
    if (bucket.spare(s.bytes) < 0) return false;
    bucket.take(s.bytes);
    return true;
  }

  void take(const fate& got, flow& f, direction way) {
    if (got.kind == fate_kind::drop) {
      ++dropped_;
      return;
    }
    const std::int64_t release = got.kind == fate_kind::hold ? got.release.ns : now_;
    RC_ASSERT(release >= now_ && release - now_ <= 600'000 * us);
    RC_ASSERT(release >= f.newest_release[way]);  // nobody overtakes in his own flow
    f.newest_release[way] = release;
    if (got.kind == fate_kind::hold && line_.hold({nullptr, 0}, got.release, {now_})) {
      ++held_;
    } else {
      ++out_;
    }
  }

  void leave() {
    std::array<delay_line::held, 16> places;
    for (std::size_t count = 0; (count = line_.due({now_}, places)) > 0;) out_ += count;
  }

  void bind(std::size_t who) {
    const party& p = parties[who];
    flow_attributes a;
    a.source = ip_address::v4(p.host);
    a.destination = ip_address::v4(0xc000'0207);
    a.what.app = *find_application(p.app);
    a.what.role = p.role;
    a.what.voip = p.call != no_call;
    a.what.p2p = p.call != no_call ? tristate::yes : tristate::no;
    a.what.confidence_pct = 97;
    a.in_call = p.call != no_call;
    a.call = p.call;
    a.call_key = p.call != no_call ? 100 + p.call : 0;
    a.flow_id = who + 1;
    flows_[who].handle = set_->bind(a, {now_}, flows_[who].handle);
  }

  void swap(std::uint8_t lines) {
    if (set_) check_counters();
    for (std::size_t i = 0; i < line_count; ++i) {
      if ((lines >> i & 1) == 0) counted_[i] = 0;  // a line that comes back begins anew
    }
    set_ = compile(lines, set_.get(), now_);
    lines_ = lines;
    for (flow& f : flows_) f.fresh = true;
  }

  void pick(const step& s) {
    const std::uint32_t call = s.who % 2;
    lossy_[call][s.back] = lossy_[call][s.back] || s.lossy;
    set_->set_impairment(call, s.back ? backward : forward,
                         {.loss = s.lossy ? 0.3 : 0,
                          .burst = std::chrono::milliseconds(200),
                          .delay = std::chrono::milliseconds(s.delay_ms),
                          .cap = {}});
  }

  void count(std::size_t line) {
    if (has(line)) ++counted_[line];
  }
  void check_counters() const {
    for (std::size_t i = 0, at = 0; i < line_count; ++i) {
      if (!has(i)) continue;
      const auto counters = set_->counters(at++);
      if (i != rest) RC_ASSERT(counters.packets == counted_[i]);
    }
  }

  std::shared_ptr<policy_set> set_;
  delay_line line_{64};
  std::uint8_t lines_ = 0;
  std::array<flow, parties.size()> flows_;
  std::map<std::tuple<std::size_t, std::uint64_t, bool>, exact_bucket> buckets_;
  std::array<std::uint64_t, line_count> counted_{};
  std::array<std::array<bool, 2>, 2> lossy_{};
  std::int64_t now_ = start_ns;
  std::uint64_t in_ = 0, out_ = 0, dropped_ = 0, held_ = 0;
};

TEST(path_model, in_is_out_and_dropped_and_held_whatever_policies_come_and_go) {
  std::uint64_t held = 0, dropped = 0;
  ASSERT_TRUE(rc::check("shaper and naive model", [&] {
    model m;
    for (const step& s : *rc::gen::scale(
             6.0, rc::gen::container<std::vector<step>>(rc::gen::resize(100, any_step()))))
      m.apply(s);
    m.finish();
    held += m.held();
    dropped += m.dropped();
  }));
  EXPECT_GT(held, 0u) << "the histories must reach what they are to show";
  EXPECT_GT(dropped, 0u);
}

}  // namespace
}  // namespace callweir::shaper
