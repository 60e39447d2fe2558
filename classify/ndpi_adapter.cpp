#include "classify/ndpi_adapter.hpp"

#include <arpa/inet.h>
#include <ndpi_api.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "base/applications.hpp"
#include "classify/lazy_memory.hpp"

namespace callweir::classify {
namespace {

// 4.2 is the oldest that is supported. What changed when: the versions below are the first with a
// change.
constexpr int version_at(int major, int minor) {
  return major * 100 + minor;
}
#define CALLWEIR_NDPI (NDPI_MAJOR * 100 + NDPI_MINOR)
static_assert(CALLWEIR_NDPI >= version_at(4, 2), "nDPI 4.2 or newer is needed");

using module = ndpi_detection_module_struct;
using flow_state = ndpi_flow_struct;

module* make_module() {
#if CALLWEIR_NDPI >= 410
  module* made = ndpi_init_detection_module(nullptr);
#else
  module* made = ndpi_init_detection_module(ndpi_no_prefs);
#endif
  if (made == nullptr) return nullptr;
#if CALLWEIR_NDPI < 500
  NDPI_PROTOCOL_BITMASK all;
  NDPI_BITMASK_SET_ALL(all);
  ndpi_set_protocol_detection_bitmask2(made, &all);
#endif
#if CALLWEIR_NDPI >= 410
  if (ndpi_finalize_initialization(made) != 0) {
    ndpi_exit_detection_module(made);
    return nullptr;
  }
#else
  ndpi_finalize_initialization(made);
#endif
  return made;
}

std::uint32_t protocol_count(module* from) {
#if CALLWEIR_NDPI >= 500
  return ndpi_get_num_protocols(from);
#else
  return ndpi_get_ndpi_num_supported_protocols(from);
#endif
}

ndpi_protocol process(module* with, flow_state* flow, const std::uint8_t* packet,
                      std::uint16_t length, std::uint64_t time_ms) noexcept {
#if CALLWEIR_NDPI >= 406
  return ndpi_detection_process_packet(with, flow, packet, length, time_ms, nullptr);
#else
  return ndpi_detection_process_packet(with, flow, packet, length, time_ms);
#endif
}

ndpi_protocol last_word(module* with, flow_state* flow, bool& guessed) noexcept {
#if CALLWEIR_NDPI >= 500
  const ndpi_protocol said = ndpi_detection_giveup(with, flow);
  guessed = flow->protocol_was_guessed != 0;
#elif CALLWEIR_NDPI >= 410
  std::uint8_t guess = 0;
  const ndpi_protocol said = ndpi_detection_giveup(with, flow, &guess);
  guessed = guess != 0;
#else
  std::uint8_t guess = 0;
  const ndpi_protocol said = ndpi_detection_giveup(with, flow, 1, &guess);
  guessed = guess != 0;
#endif
  return said;
}

struct named_ids {
  std::uint16_t master, app;
};
named_ids ids_of(const ndpi_protocol& said) noexcept {
#if CALLWEIR_NDPI >= 411
  return {said.proto.master_protocol, said.proto.app_protocol};
#else
  return {said.master_protocol, said.app_protocol};
#endif
}

/// True when more packets cannot change what was said.
bool is_final([[maybe_unused]] module* with, [[maybe_unused]] flow_state* flow,
              const ndpi_protocol& said, const named_ids& ids) noexcept {
#if CALLWEIR_NDPI >= 500
  return said.state == NDPI_STATE_CLASSIFIED || said.state == NDPI_STATE_MONITORING;
#else
  static_cast<void>(said);
  if (ids.app == NDPI_PROTOCOL_UNKNOWN) return false;
  // Both halves known ("TLS.Google"): what extra dissection would add (certificates) is not used
  // here.
  if (ids.master != NDPI_PROTOCOL_UNKNOWN && ids.master != ids.app) return true;
  return ndpi_extra_dissection_possible(with, flow) == 0;
#endif
}

}  // namespace

struct ndpi_adapter::impl {
  explicit impl(const config& wanted)
      : stride((sizeof(flow_state) + 63) / 64 * 64),
        flows(wanted.flows_max * stride, wanted.touch),
        flows_max(wanted.flows_max) {
    free_list.reserve(flows_max);
  }
  ~impl() {
    if (detector == nullptr) return;
    std::vector<bool> taken(made, true);
    for (const handle i : free_list) taken[i] = false;
    for (handle i = 0; i < made; ++i) {
      if (taken[i]) ndpi_free_flow_data(at(i));
    }
    ndpi_exit_detection_module(detector);
  }

  flow_state* at(handle i) noexcept { return reinterpret_cast<flow_state*>(&flows[i * stride]); }

  bool ready() noexcept {
    if (detector != nullptr) return true;
    if (broken) return false;
    detector = make_module();
    broken = detector == nullptr;
    if (broken) return false;
    const std::uint32_t count = protocol_count(detector);
    names.assign(count, app_unknown);
    for (std::uint32_t id = 1; id < count; ++id) {
      const char* const name = ndpi_get_proto_name(detector, static_cast<std::uint16_t>(id));
      if (name == nullptr || *name == '\0') continue;
      names[id] = find_ndpi_name(name).value_or(app_unknown);
    }
    return true;
  }

  app_id name_of(std::uint16_t id) const noexcept {
    return id < names.size() ? names[id] : app_id{app_unknown};
  }

  std::size_t stride;
  lazy_array<std::uint8_t> flows;
  std::uint32_t flows_max;
  std::uint32_t made = 0;
  std::vector<handle> free_list;
  module* detector = nullptr;
  bool broken = false;
  std::vector<app_id> names;
  flow_state nobody{};  // where nDPI leaves what it says of a name
};

ndpi_adapter::ndpi_adapter(const config& wanted) {
  bool same = ndpi_detection_get_sizeof_ndpi_flow_struct() == sizeof(flow_state);
#ifdef NDPI_API_VERSION
  same = same && ndpi_get_api_version() == NDPI_API_VERSION;
#endif
  if (!same) {
    throw std::runtime_error(std::string("libndpi at run time is ") + version() +
                             ", another one than Callweir was built with");
  }
  impl_ = std::make_unique<impl>(wanted);
  if (wanted.touch && !impl_->ready()) throw std::runtime_error("libndpi does not start");
}

ndpi_adapter::~ndpi_adapter() = default;

const char* ndpi_adapter::version() noexcept {
  return ndpi_revision();
}

std::size_t ndpi_adapter::memory_bytes() const noexcept {
  constexpr std::size_t module_bytes =
      7'000'000;  // measured: 6.8 MB resident for the first module of 4.2
  return impl_->flows.bytes() + impl_->flows_max * sizeof(handle) + module_bytes;
}

ndpi_adapter::handle ndpi_adapter::acquire() noexcept {
  impl& me = *impl_;
  handle taken;
  if (!me.free_list.empty()) {
    taken = me.free_list.back();
    me.free_list.pop_back();
  } else if (me.made < me.flows_max && me.ready()) {
    taken = me.made++;
  } else {
    return none;
  }
  std::memset(static_cast<void*>(me.at(taken)), 0, sizeof(flow_state));
  return taken;
}

void ndpi_adapter::release(handle flow) noexcept {
  if (flow == none) return;
  ndpi_free_flow_data(impl_->at(flow));
  impl_->free_list.push_back(flow);
}

void ndpi_adapter::inspect(handle flow, const packet_view& packet, ndpi_opinion& opinion) noexcept {
  impl& me = *impl_;
  if (opinion.done || packet.captured <= packet.l3_offset) return;
  const auto length = static_cast<std::uint16_t>(
      std::min<std::uint32_t>(packet.captured - packet.l3_offset, 0xffff));
  flow_state* const state = me.at(flow);
  const auto said = process(me.detector, state, packet.frame + packet.l3_offset, length,
                            static_cast<std::uint64_t>(packet.time.ns / 1'000'000));
  const named_ids ids = ids_of(said);
  if (ids.app == NDPI_PROTOCOL_UNKNOWN && ids.master == NDPI_PROTOCOL_UNKNOWN) return;
  opinion.master = me.name_of(ids.master);
  opinion.app = me.name_of(ids.app);
  opinion.guessed = state->confidence == NDPI_CONFIDENCE_MATCH_BY_PORT ||
                    state->confidence == NDPI_CONFIDENCE_MATCH_BY_IP;
  opinion.done = is_final(me.detector, state, said, ids);
}

void ndpi_adapter::name_quic(std::string_view host, const packet_view& packet,
                             ndpi_opinion& opinion) noexcept {
  impl& me = *impl_;
  if (!me.ready()) return;
  opinion = {.app = me.name_of(NDPI_PROTOCOL_QUIC), .done = true};
  name_by_host(host, opinion);
  if (opinion.master == app_unknown) name_by_owner(packet, opinion);
}

void ndpi_adapter::name_by_host(std::string_view host, ndpi_opinion& opinion) noexcept {
  impl& me = *impl_;
  if (host.empty()) return;
  std::array<char, 256> name{};
  const std::size_t bytes = host.copy(name.data(), name.size() - 1);
  flow_state* const state = &me.nobody;
  std::memset(static_cast<void*>(state), 0, sizeof *state);
  if (ndpi_match_hostname_protocol(me.detector, state, NDPI_PROTOCOL_QUIC, name.data(),
                                   static_cast<unsigned>(bytes)) != 0) {
    opinion.app = me.name_of(state->detected_protocol_stack[0]);
    opinion.master = me.name_of(state->detected_protocol_stack[1]);
  }
  ndpi_free_flow_data(state);
}

/// As nDPI does itself: whose network an end is in, the source's first.
void ndpi_adapter::name_by_owner(const packet_view& packet, ndpi_opinion& opinion) noexcept {
  impl& me = *impl_;
  for (const ip_address& end : {packet.source, packet.destination}) {
    if (!end.is_v4()) return;
    in_addr address{htonl(end.v4_bits())};
    const std::uint16_t owner = ndpi_network_ptree_match(me.detector, &address);
    if (owner == NDPI_PROTOCOL_UNKNOWN || me.name_of(owner) == app_unknown) continue;
    opinion.master = opinion.app;
    opinion.app = me.name_of(owner);
    return;
  }
}

void ndpi_adapter::give_up(handle flow, ndpi_opinion& opinion) noexcept {
  impl& me = *impl_;
  if (opinion.done) return;
  bool guessed = false;
  flow_state* const state = me.at(flow);
  const named_ids ids = ids_of(last_word(me.detector, state, guessed));
  opinion.done = true;
  if (ids.app == NDPI_PROTOCOL_UNKNOWN && ids.master == NDPI_PROTOCOL_UNKNOWN) return;
  opinion.master = me.name_of(ids.master);
  opinion.app = me.name_of(ids.app);
  opinion.guessed = guessed || state->confidence == NDPI_CONFIDENCE_MATCH_BY_PORT ||
                    state->confidence == NDPI_CONFIDENCE_MATCH_BY_IP;
}

}  // namespace callweir::classify
